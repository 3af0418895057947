from dataclasses import replace

from edge.waves.diary import RhythmDiary
from edge.waves.figures import Figure, Measurements, Withheld
from edge.waves.marks import Rhythm
from edge.waves.words import diary_rows, in_words
from tests.edge.waves.readings import Day

NO = Figure(None, None, 0, Withheld.NO_P)
NOTHING_MEASURED = Measurements(*[NO] * 12, rhythm=None, rhythm_probability=(0.4, 0.3, 0.3), beats={})
MEASURED = replace(
    NOTHING_MEASURED,
    pr_ms=Figure(160.4, 2.0, 8), qrs_ms=Figure(91.6, 2.0, 8), qtc_fridericia_ms=Figure(410.0, 2.0, 8),
    rhythm=Rhythm.SINUS, beats={"N": 8, "V": 2},
)  # fmt: skip
STEADY = tuple((0.35 + 0.8 * i) for i in range(750))
WINDOWS_S = [10.0 * i for i in range(61)]


def rows(day, cuts_s=WINDOWS_S):
    diary = RhythmDiary()
    for reading in day.windows(cuts_s):
        diary.add(reading)
    diary.finish()
    return dict(diary_rows(diary.report()))


def test_a_measurement_is_rhythm_intervals_and_ectopic_beats():
    assert in_words(MEASURED) == "sinus, PR 160, QRS 92, QTc 410 ms, 2 V"


def test_what_is_withheld_is_left_out():
    assert in_words(replace(MEASURED, pr_ms=NO, beats={"N": 8})) == "sinus, QRS 92, QTc 410 ms"


def test_a_rhythm_that_cannot_be_told_is_said_to_be_unclassified():
    assert in_words(NOTHING_MEASURED) == "unclassified"


def test_ectopic_beats_of_two_classes_are_told_apart():
    assert in_words(replace(NOTHING_MEASURED, beats={"S": 1, "V": 3})) == "unclassified, 1 S 3 V"


def test_an_empty_diary_has_no_rows():
    assert list(diary_rows(RhythmDiary().report())) == []


def test_a_steady_diary_says_its_rhythm_and_that_no_beat_was_ectopic():
    assert rows(Day(STEADY)) == {"rhythm": "sinus 100.0%", "ectopic beats": "0 S, 0 V of 750; an hour: 0 S, 0 V"}


def test_a_diary_that_cannot_be_read_counts_no_beats():
    assert list(rows(Day(STEADY, bad=((0.0, 600.0),)))) == ["rhythm"]


def test_episodes_are_named_with_their_times_since_the_beginning():
    assert rows(Day(STEADY, af=((100.0, 200.0),)))["longest episodes"] == "AF 0:01:40 to 0:03:20"


def test_of_many_episodes_six_are_named_and_the_others_counted():
    day = Day(STEADY, ("N" * 20 + "VVV") * 25)
    assert rows(day)["longest episodes"].endswith(" and 19 more")
    assert rows(day)["longest episodes"].count(";") == 5


def test_pauses_are_counted_with_the_longest():
    day = Day((*(0.3 + 0.8 * i for i in range(50)), *(45.0 + 0.8 * i for i in range(300))))
    assert rows(day, [0.0, 60.0])["pauses"].startswith("1, the longest 5.")
