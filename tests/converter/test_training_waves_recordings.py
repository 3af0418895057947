"""What the waves network may learn from, and what is known of it."""

from collections import Counter
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import wfdb

from converter.training.waves import recordings as r
from converter.training.waves.targets import (
    NONE_OR_T,
    NOT_P,
    NOT_QRS,
    SOME_BEAT,
    UNKNOWN_BEAT,
    UNKNOWN_RHYTHM,
    UNKNOWN_SEGMENT,
)
from edge.waves.marks import BEAT_CLASSES, RHYTHMS, Rhythm
from edge.waves.track import RATE_HZ, Segment

SINUS, AF, OTHER = (RHYTHMS.index(k) for k in (Rhythm.SINUS, Rhythm.AF, Rhythm.OTHER))
NONE, P, QRS, T = Segment


@pytest.fixture(scope="module")
def mitdb(data_dir):
    return list(r._mitdb(data_dir))


@pytest.fixture(scope="module")
def ludb(data_dir):
    """The first records, all their leads."""
    return list(islice(r._ludb(data_dir), 36))


@pytest.fixture(scope="module")
def others(data_dir):
    return [x for read in (r._cpsc2021, r._cinc2021, r._cinc2017) for x in read(data_dir)]


# Records.


def test_ds1_is_22_records_and_none_of_the_22_for_the_last_test():
    ds2 = {100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210, 212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234}
    assert (len(set(r.DS1)), set(r.DS1) & ds2) == (22, set())


def test_mitdb_is_read_by_both_leads_of_ds1_and_nothing_of_ds2(mitdb):
    assert Counter(int(x.patient.partition("/")[2]) for x in mitdb) == dict.fromkeys(r.DS1, 2)


def test_beats_of_ds1_are_those_that_are_published(mitdb):
    """de Chazal et al. 2004, table of the data sets: 45,866 N, 944 S, 3,788 V, 415 F and 8 Q."""
    counts = Counter(int(k) for x in mitdb[::2] for k in x.classes)
    assert [counts[k] for k in range(len(BEAT_CLASSES))] == [45_866, 944, 3_788, 415, 8]


def test_even_records_of_ludb_are_not_read(tmp_path, data_dir):
    folder = tmp_path / "ludb" / "data"
    folder.mkdir(parents=True)
    (folder / "2.hea").write_text("kept for the last test")
    for path in (data_dir / "ludb" / "data").glob("1.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    assert {x.patient for x in r._ludb(tmp_path)} == {"ludb/1"}


def test_other_patients_of_cpsc2021_are_not_read(tmp_path):
    (tmp_path / "cpsc2021").mkdir()
    (tmp_path / "cpsc2021" / "data_1_1.hea").write_text("kept for the last test")
    assert list(r._cpsc2021(tmp_path)) == []


def test_other_records_of_the_challenges_are_not_read(tmp_path):
    (tmp_path / "cinc2021").mkdir()
    (tmp_path / "cinc2017").mkdir()
    (tmp_path / "cinc2021" / "E00001.hea").write_text("kept for the last test")
    (tmp_path / "cinc2017" / "REFERENCE.csv").write_text("A00002,N\nA00005,~\n")
    assert [*r._cinc2021(tmp_path), *r._cinc2017(tmp_path)] == []


def test_all_sets_are_read_one_after_the_other(monkeypatch, tmp_path):
    for name in ("_ludb", "_mitdb", "_cpsc2021", "_cinc2021", "_cinc2017"):
        monkeypatch.setattr(r, name, lambda data, name=name: iter([(name, data)]))
    names = [name for name, _ in r.recordings_of_people(tmp_path)]
    assert names == ["_ludb", "_mitdb", "_cpsc2021", "_cinc2021", "_cinc2017"]


@pytest.mark.parametrize("which", ["mitdb", "ludb", "others"])
def test_what_is_known_is_as_long_as_the_signal(which, request):
    for x in request.getfixturevalue(which):
        n = len(x.millivolts)
        assert (len(x.segments), len(x.beats), len(x.rhythms)) == (n, n // 4, n // 4)


@pytest.mark.parametrize("which", ["mitdb", "ludb", "others"])
def test_signals_are_finite_and_of_a_hearts_height(which, request):
    """Three of the 228 leads of the challenge of 2021 are lines of zeros."""
    made = request.getfixturevalue(which)
    assert all(np.isfinite(x.millivolts).all() for x in made)
    heights = np.array([np.median(np.ptp(x.millivolts[:2048].reshape(4, 512), axis=1)) for x in made])
    assert np.mean((heights > 0.05) & (heights < 20.0)) > 0.98


def test_ludb_and_mitdb_are_clean_enough_to_grade_added_noise_and_what_is_worn_is_not(mitdb, ludb, others):
    assert all(x.clean for x in (*ludb, *mitdb))
    assert not any(x.clean for x in others)


def test_patients_of_cpsc2021_are_two_one_of_them_fibrillating(others):
    rhythm = {x.patient: int(x.rhythms[0]) for x in others if x.source == "cpsc2021"}
    assert rhythm == {"cpsc2021/21": SINUS, "cpsc2021/84": AF}


def test_the_handheld_recordings_are_sinus_fibrillation_and_unknown(others):
    rhythm = {x.name: int(x.rhythms[0]) for x in others if x.source == "cinc2017"}
    assert rhythm == {"A00001": SINUS, "A00004": AF, "A00008": UNKNOWN_RHYTHM}


def test_of_the_challenges_nothing_but_the_rhythm_is_known(others):
    for x in others:
        if x.source.startswith("cinc"):
            assert np.all(x.segments == UNKNOWN_SEGMENT)
            assert np.all(x.beats == UNKNOWN_BEAT)


def test_beats_of_mitdb_lie_on_qrs(mitdb):
    """Marks stand on the R peak or within 30 ms of it: the swing there is most of the beat's."""
    x = mitdb[0]
    rows = [x.millivolts[at - 10 : at + 11] for at in np.rint(x.r[5:200]).astype(int)]
    around = [x.millivolts[at - 60 : at + 61] for at in np.rint(x.r[5:200]).astype(int)]
    assert np.median([np.ptp(a) / np.ptp(b) for a, b in zip(rows, around, strict=True)]) > 0.8


def test_ludb_says_where_waves_are_within_a_sample(ludb, data_dir):
    x = ludb[1]  # lead ii
    marks = wfdb.rdann(str(data_dir / "ludb" / "data" / "1"), "ii")
    middles = [m * RATE_HZ / 500 for m, s in zip(marks.sample, marks.symbol, strict=True) if s == "N"]
    assert all(x.segments[round(m)] == QRS for m in middles)
    assert all(x.beats[int(m // 4)] == SOME_BEAT for m in middles)


def test_before_the_first_and_after_the_last_mark_of_ludb_nothing_is_known(ludb):
    for x in ludb:
        assert x.segments[0] == x.segments[-1] == UNKNOWN_SEGMENT
        assert x.beats[0] == x.beats[-1] == UNKNOWN_BEAT


# What marks become.


def marks(*rows):
    """Annotations of (sample at 256 Hz, symbol, note)."""
    rows = [(*row, "")[:3] for row in rows]
    sample, symbol, note = zip(*rows, strict=True)
    return SimpleNamespace(sample=np.array(sample), symbol=list(symbol), aux_note=list(note))


def of(*rows, n=10_240, **kwargs):
    kwargs = {"classes_known": True, **kwargs}
    return r._beats_labelled("mitdb", "1/i", "mitdb/1", np.zeros(n, np.float32), marks(*rows), 1.0, **kwargs)


BEATS = tuple((at, "N") for at in range(300, 10_000, 200))


def test_symbols_become_the_classes_of_the_standard():
    made = of(*((300 + 200 * i, s) for i, s in enumerate("NLRejAaJSVEF/fQ")))
    assert [BEAT_CLASSES[k] for k in made.classes] == [*"NNNNNSSSSVVFQQQ"]


def test_what_is_no_beat_is_none():
    made = of((300, "N"), (350, "~"), (400, "+", "(N"), (450, "|"), (500, "V"))
    assert made.r.tolist() == [300, 500]


def test_at_a_beats_mark_is_qrs_around_it_anything_and_elsewhere_no_qrs():
    segments = of(*BEATS).segments
    assert {int(segments[500 + k]) for k in (-3, 0, 3)} == {QRS}
    assert {int(segments[500 + k]) for k in (-41, -4, 4, 41)} == {UNKNOWN_SEGMENT}
    assert {int(segments[500 + k]) for k in (-42, 42, 100)} == {NOT_QRS}


def test_before_the_first_beat_and_after_the_last_nothing_is_known():
    made = of(*BEATS)
    assert made.beats[0] == made.beats[-1] == UNKNOWN_BEAT
    assert made.segments[0] == made.segments[-1] == UNKNOWN_SEGMENT


def test_in_ventricular_flutter_beats_are_not_marked_and_so_unknown():
    made = of(*BEATS[:10], (2300, "["), (4300, "]"), *BEATS[25:])
    assert np.all(made.beats[2300 // 4 : 4300 // 4] == UNKNOWN_BEAT)
    assert np.all(made.segments[2300:4300] == UNKNOWN_SEGMENT)


def test_an_end_of_flutter_without_a_beginning_is_nothing():
    made = of(*BEATS[:10], (2300, "]"), *BEATS[10:])
    assert np.sum(made.beats[100:-100] == 0) > 1000


@pytest.mark.parametrize(
    ("note", "rhythm"),
    [("(N", SINUS), ("(SBR", SINUS), ("(B", SINUS), ("(T", SINUS), ("(PREX", SINUS), ("(AFIB", AF), ("(AFL", OTHER),
     ("(P", OTHER), ("(VT", OTHER)],
)  # fmt: skip
def test_notes_of_rhythm_become_the_three_that_are_told(note, rhythm):
    made = of((10, "+", f"{note}\0"), *BEATS)
    assert set(made.rhythms[10:].tolist()) == {rhythm}


def test_before_the_first_note_and_round_a_change_the_rhythm_is_unknown():
    made = of((400, "+", "(N"), *BEATS, (6400, "+", "(AFIB"))
    assert np.all(made.rhythms[:100] == UNKNOWN_RHYTHM)
    assert np.all(made.rhythms[100 : 1600 - 128] == SINUS)
    assert np.all(made.rhythms[1600 - 128 : 1600 + 128] == UNKNOWN_RHYTHM)
    assert np.all(made.rhythms[1600 + 128 :] == AF)


def test_where_the_atria_fibrillate_there_is_no_p():
    segments = of((10, "+", "(AFIB"), *BEATS).segments[100:9500]
    assert set(np.unique(segments).tolist()) == {QRS, NONE_OR_T, NOT_P}


def test_beats_whose_class_is_not_told_are_some_beats():
    made = of(*BEATS, classes_known=False, rhythm=SINUS)
    assert set(np.unique(made.beats).tolist()) == {0, SOME_BEAT, UNKNOWN_BEAT}
    assert (made.r.size, made.classes.size) == (0, 0)


def test_a_rhythm_that_is_given_holds_throughout():
    assert set(of(*BEATS, classes_known=False, rhythm=AF).rhythms.tolist()) == {AF}


def ludb_marks(*rows):
    return r._ludb_segments(marks(*rows), 1000, 1.0)


def test_a_wave_of_ludb_reaches_from_its_onset_to_its_end():
    segments, middles = ludb_marks((100, "("), (110, "p"), (120, ")"), (140, "("), (150, "N"), (160, ")"))
    assert [int(segments[k]) for k in (99, 100, 120, 121, 139, 140, 160, 161)] == [
        UNKNOWN_SEGMENT, P, P, NONE, NONE, QRS, QRS, UNKNOWN_SEGMENT,
    ]  # fmt: skip
    assert middles.tolist() == [150]


def test_a_wave_of_ludb_without_onset_or_end_is_where_it_is_marked():
    segments, _ = ludb_marks((100, "t"), (140, "("), (150, "N"), (160, ")"), (300, "t"))
    assert np.flatnonzero(segments == T).tolist() == [100, 300]


@pytest.mark.parametrize(
    ("comments", "rhythm"),
    [
        (["Rhythm: Sinus bradycardia."], SINUS),
        (["Rhythm: Atrial fibrillation."], AF),
        (["Rhythm: Atrial flutter, typical."], OTHER),
        (["UNIpolar atrial pacing."], OTHER),
        (["III degree AV-block."], OTHER),
    ],
)
def test_the_comments_of_ludb_tell_the_rhythm(comments, rhythm):
    assert r._ludb_rhythm(comments) == rhythm


@pytest.mark.parametrize("rate_hz", [200.0, 300.0, 360.0, 500.0])
def test_a_recording_is_brought_to_the_networks_rate(rate_hz):
    t = np.arange(round(10 * rate_hz)) / rate_hz
    made = r._resampled(np.sin(2 * np.pi * 5 * t) + 3.0, rate_hz)
    expected = np.sin(2 * np.pi * 5 * np.arange(made.size) / RATE_HZ)
    np.testing.assert_allclose(made[256:-256], expected[256:-256], atol=0.01)


def test_what_was_not_measured_stands_at_the_middle():
    x = np.full(5000, 2.0)
    x[1000:2000] = np.nan
    np.testing.assert_allclose(r._resampled(x, 500.0), 0.0, atol=1e-6)
