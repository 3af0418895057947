"""Measurements and diaries in a few words, for the lines of a terminal."""

from collections.abc import Iterator

from edge.waves.diary import DiaryReport, State
from edge.waves.episodes import Episode, EpisodeKind
from edge.waves.figures import Figure, Measurements
from edge.waves.marks import Rhythm

_MOST_EPISODES = 6
_RHYTHMS = {rhythm: "AF" if rhythm is Rhythm.AF else rhythm.value for rhythm in Rhythm}


def in_words(measured: Measurements) -> str:
    """Say rhythm, intervals and ectopic beats, such as ``sinus, PR 160, QRS 92, QTc 410 ms, 2 V``."""
    return ", ".join(_parts(measured))


def rhythm_word(measured: Measurements) -> str:
    """Name the rhythm: ``sinus``, ``AF``, ``other`` or ``unclassified``."""
    return _RHYTHMS[measured.rhythm] if measured.rhythm else "unclassified"


def _parts(measured: Measurements) -> Iterator[str]:
    yield rhythm_word(measured)
    intervals = {"PR": measured.pr_ms, "QRS": measured.qrs_ms, "QTc": measured.qtc_fridericia_ms}
    known = [f"{name} {_rounded(figure)}" for name, figure in intervals.items() if figure.value is not None]
    if known:
        yield ", ".join(known) + " ms"
    ectopic = [f"{n} {letter}" for letter, n in measured.beats.items() if letter != "N"]
    if ectopic:
        yield " ".join(ectopic)


def _rounded(figure: Figure) -> str:
    return f"{figure.value:.0f}"


def diary_rows(diary: DiaryReport) -> Iterator[tuple[str, str]]:
    """Say what a diary holds as rows of a heading and a sentence."""
    total_s = sum(diary.seconds.values())
    if total_s <= 0:
        return
    shares = ((state, seconds / total_s) for state, seconds in diary.seconds.items() if seconds > 0)
    yield "rhythm", ", ".join(f"{_STATES[state]} {share:.1%}" for state, share in shares)
    if diary.analysable_s > 0:
        s, v = diary.supraventricular, diary.ventricular
        per_hour = f"{diary.supraventricular_per_hour:.0f} S, {diary.ventricular_per_hour:.0f} V"
        yield "ectopic beats", f"{s.beats} S, {v.beats} V of {diary.n_beats}; an hour: {per_hour}"
    if diary.pauses:
        yield "pauses", f"{diary.pauses}, the longest {diary.longest_pause_s:.1f} s"
    named = sorted((e for e in diary.episodes if e.kind in _NAMED), key=lambda e: -e.duration_s)
    if named:
        more = f" and {len(named) - _MOST_EPISODES} more" if len(named) > _MOST_EPISODES else ""
        yield "longest episodes", "; ".join(_episode(e, diary.start_s) for e in named[:_MOST_EPISODES]) + more


_STATES = {state: {State.AF: "AF"}.get(state, state.value) for state in State}
_NAMED = {
    EpisodeKind.AF: "AF",
    EpisodeKind.BRADYCARDIA: "slow",
    EpisodeKind.TACHYCARDIA: "fast",
    EpisodeKind.SUPRAVENTRICULAR_RUN: "S run",
    EpisodeKind.VENTRICULAR_RUN: "V run",
}


def _episode(episode: Episode, origin_s: float) -> str:
    return f"{_NAMED[episode.kind]} {_clock(episode.start_s - origin_s)} to {_clock(episode.end_s - origin_s)}"


def _clock(seconds: float) -> str:
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}"
