"""Windows are scored as accepted or turned away, with noise in known ratios."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.evaluation.errors import EvaluationError
from converter.evaluation.heard import hear, heard, with_added
from converter.evaluation.noise import noise_for, qrs_height_mv, read_noise
from converter.evaluation.quality import quality_figures, score_quality
from converter.evaluation.records import Stretch
from converter.evaluation.wave_truth import Waves
from edge.waves.track import Grade
from tests.converter.evaluation.records import a_record, beats
from tests.converter.evaluation.standin import marks_of, measured, reading_of

AT_S = np.arange(0.5, 60.0, 1.0)
RECORD = a_record(beats=beats(AT_S))
RATE_HZ = 100.0
NOISE = Stretch(0.0, np.random.default_rng(1).normal(size=2000), 128.0)


def read(grades, rates):
    said = [measured(bpm) for bpm in rates]
    return heard(reading_of(marks_of(60.0, AT_S), grades=grades, measurements=said))


def spiky(height_mv=2.0):
    """A record whose beats are single samples of a height."""
    samples = np.zeros(round(60 * RATE_HZ))
    samples[np.rint(AT_S * RATE_HZ).astype(int)] = height_mv
    return a_record(beats=beats(AT_S), stretches=(Stretch(0.0, samples, RATE_HZ),))


def test_windows_are_accepted_with_a_right_rate_a_wrong_one_or_none():
    grades = [Grade.WAVES, Grade.RATE, Grade.WAVES, Grade.WAVES, Grade.NOTHING, Grade.WAVES]
    score = score_quality(RECORD, read(grades, [60.0, 64.9, 65.1, None, None, 60.0]))
    assert (score.n_windows, score.n_waves, score.n_rate) == (6, 4, 1)
    assert (score.n_right, score.n_without, score.n_right_turned_away) == (3, 1, 1)
    figures = quality_figures(score)
    assert figures["accepted"] == pytest.approx(5 / 6)
    assert figures["right"] == pytest.approx(3 / 5)
    assert figures["right_turned_away"] == 1.0


def test_windows_without_three_marked_beats_and_those_in_flutter_are_not_scored():
    record = a_record(beats=beats(AT_S[(AT_S < 20) | (AT_S > 40)], left_out_s=[(52.0, 53.0)]))
    assert score_quality(record, read([Grade.WAVES] * 6, [60.0] * 6)).n_windows == 3


def test_marked_complexes_serve_where_no_beats_are_annotated():
    qrs = AT_S[:, None] + np.array([-0.04, 0.0, 0.05])
    record = a_record(waves=Waves(np.empty((0, 3)), qrs, np.empty((0, 3))))
    assert score_quality(record, read([Grade.WAVES] * 6, [60.0] * 6)).n_right == 6


def test_a_record_without_beats_cannot_be_scored():
    with pytest.raises(ValueError, match="no beats are marked"):
        score_quality(a_record(), read([Grade.WAVES] * 6, [60.0] * 6))


@given(st.floats(-10.0, 40.0), st.floats(0.1, 5.0))
def test_added_noise_has_the_ratio_that_was_asked_for(snr_db, height_mv):
    record = spiky(height_mv)
    added = noise_for(record, NOISE, snr_db)
    assert added.size == record.stretches[0].millivolts.size
    got_db = 10 * np.log10(height_mv**2 / 8 / added.var())
    assert got_db == pytest.approx(snr_db, abs=0.5)


def test_noise_is_the_same_each_time_and_another_for_another_record():
    one, again = (noise_for(spiky(), NOISE, 6.0) for _ in range(2))
    other = noise_for(a_record("101", beats=beats(AT_S), stretches=spiky().stretches), NOISE, 6.0)
    assert (one == again).all()
    assert not np.allclose(one, other)


def test_noise_is_added_to_the_samples_and_nothing_else():
    noisy = with_added(spiky(), np.ones(6000))
    assert (noisy.stretches[0].millivolts == spiky().stretches[0].millivolts + 1.0).all()
    assert noisy.beats is not None


def test_the_height_of_complexes_leaves_out_the_extremes():
    record = spiky()
    record.stretches[0].millivolts[round(AT_S[5] * RATE_HZ)] = 100.0
    assert qrs_height_mv(record) == pytest.approx(2.0)


def test_a_record_without_beats_has_no_height():
    with pytest.raises(ValueError, match="no beats are marked"):
        qrs_height_mv(a_record())


def test_noise_is_read_from_a_table_without_its_mean(tmp_path):
    path = tmp_path / "noise.csv"
    np.savetxt(path, 5.0 + np.random.default_rng(0).normal(size=4000))
    noise = read_noise(path, 360.0)
    assert noise.millivolts.mean() == pytest.approx(0.0, abs=1e-9)
    assert noise.rate_hz == 360.0


@pytest.mark.parametrize("samples", [np.arange(100.0), np.ones(4000)])
def test_noise_that_is_short_or_flat_is_refused(samples, tmp_path):
    path = tmp_path / "noise.csv"
    np.savetxt(path, samples)
    with pytest.raises(EvaluationError, match="less than 10 s of noise, or is flat - take a longer"):
        read_noise(path, 360.0)


def test_stretches_shorter_than_two_seconds_are_not_read():
    stretches = Stretch(0.0, np.zeros(100), RATE_HZ), Stretch(5.0, np.zeros(1000), RATE_HZ)
    asked = []

    def analyse(millivolts, rate_hz):
        asked.append(millivolts.size)
        return reading_of(marks_of(millivolts.size / rate_hz, [1.0]))

    part = hear(a_record(stretches=stretches), analyse)
    assert asked == [1000]
    assert part.beats_s.tolist() == [6.0]
