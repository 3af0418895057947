import pytest

from edge.picture.findings import beats_of, findings_of
from edge.picture.strip import View
from edge.waves.figures import GOOD, Fault, Figure, SecondQuality, Withheld
from edge.waves.marks import Rhythm
from edge.waves.track import Grade
from tests.edge.picture.strips import beating, ecg, measurements, reading, strip, withheld


def read_as(*windows):
    """Findings of as many windows of ten seconds as are given."""
    seconds = 10.0 * len(windows)
    return findings_of(strip(ecg(seconds), read=lambda length_s: reading([], length_s, windows=windows)))


def test_figures_are_medians_over_windows():
    found = read_as(*(measurements(qt_ms=Figure(value, 8.0, 9)) for value in (380.0, 400.0, 460.0)))
    assert found.figures["qt_ms"] == Figure(400.0, 8.0, 3)


def test_a_window_without_a_figure_leaves_it_to_the_others():
    found = read_as(measurements(pr_ms=withheld(Withheld.NO_P)), measurements(), None)
    assert (found.figures["pr_ms"].value, found.figures["pr_ms"].n) == (162.0, 1)


def test_a_figure_no_window_has_is_withheld_for_the_reason_most_give():
    reasons = (Withheld.AF, Withheld.NO_P, Withheld.AF)
    assert read_as(*(measurements(pr_ms=withheld(r)) for r in reasons)).figures["pr_ms"] == withheld(Withheld.AF)


def test_figures_without_a_spread_are_given_without_one():
    assert read_as(measurements(qt_ms=Figure(400.0, None, 9))).figures["qt_ms"].spread is None


@pytest.mark.parametrize(
    ("rhythms", "said", "agreeing"),
    [
        ([Rhythm.SINUS, Rhythm.AF, Rhythm.AF], "af", 2),
        ([None, None, Rhythm.OTHER], "other", 1),
        ([None, None], "unclassified", 2),
    ],
)
def test_the_rhythm_is_that_of_most_windows_that_have_one(rhythms, said, agreeing):
    found = read_as(*(measurements(rhythm=rhythm) for rhythm in rhythms))
    assert (found.rhythm, found.n_agreeing, found.n_windows) == (said, agreeing, len(rhythms))


def test_windows_that_can_be_used_for_nothing_are_unreadable():
    found = read_as(None, None)
    assert (found.rhythm, found.figures["qrs_ms"]) == ("unreadable", withheld(Withheld.UNREADABLE))


def test_only_windows_and_beats_in_view_count():
    shown = beating(50.0, view=View(20.0, 30.0))
    assert (findings_of(shown).n_windows, [beat.time_s for beat in beats_of(shown)]) == (
        1,
        [20.5 + k for k in range(10)],
    )


def test_seconds_for_nothing_have_no_beats_and_those_for_the_rate_no_waves():
    bad = [SecondQuality(Grade.NOTHING, Fault.FLAT), SecondQuality(Grade.RATE, Fault.NOISY)]
    seconds = [GOOD, *bad, *[GOOD] * 7]
    beats = beats_of(strip(ecg(10), read=lambda s: reading([k + 0.5 for k in range(10)], s, seconds=seconds)))
    assert [(b.time_s, b.rr_s, sorted(b.waves)) for b in beats[:3]] == [
        (0.5, None, ["P", "QRS", "T"]),
        (2.5, None, []),
        (3.5, 1.0, ["P", "QRS", "T"]),
    ]


def test_waves_that_are_not_marked_have_no_span():
    beats = beats_of(strip(ecg(10), read=lambda s: reading([5.0], s, waves=False)))
    assert beats[0].waves == {}
