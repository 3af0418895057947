"""What the demonstration network learns from."""

import numpy as np
import pytest

from converter.training.data import OUTPUTS, WAVE_FEATURES, Cohort, Dataset, make_dataset
from edge.heart import Heart


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return make_dataset(Heart(4), Cohort(10, 6, draws=3, windows=2))


def test_every_window_of_the_cohort_is_there_once(dataset: Dataset) -> None:
    assert len(dataset) == 6 * 3 * 2
    assert len(np.unique(np.stack([dataset.subjects, dataset.draws]), axis=1).T) == 18
    assert set(dataset.subjects) == set(range(10, 16))


def test_inputs_are_standardised_windows(dataset: Dataset) -> None:
    assert dataset.inputs.dtype == np.float32
    np.testing.assert_allclose(dataset.inputs.mean(axis=1), 0.0, atol=1e-3)
    np.testing.assert_allclose(dataset.inputs.std(axis=1), 1.0, atol=1e-3)


def test_labels_say_which_values_lie_beyond_the_limit(dataset: Dataset) -> None:
    labs = Heart(4).labs(np.stack([dataset.subjects, dataset.draws], axis=1))
    ids = [output.id for output in OUTPUTS]
    np.testing.assert_array_equal(dataset.labels[:, ids.index("potassium_low")], labs.potassium_mmol_per_l < 3.5)
    np.testing.assert_array_equal(dataset.labels[:, ids.index("calcium_high")], labs.calcium_mg_per_dl > 10.5)
    np.testing.assert_array_equal(dataset.labels[:, ids.index("tsh_high")], labs.tsh_miu_per_l > 4.5)


def test_a_share_of_labels_is_hidden() -> None:
    hidden = make_dataset(Heart(4), Cohort(0, 20, draws=4, windows=1), missing_share=0.3)
    assert np.isnan(hidden.labels).mean() == pytest.approx(0.3, abs=0.08)


def test_waves_sum_up_the_truth(dataset: Dataset) -> None:
    assert dataset.waves.shape == (36, len(WAVE_FEATURES))
    assert np.isfinite(dataset.waves).all()
    rr_s = dataset.waves[:, WAVE_FEATURES.index("rr_s")]
    assert ((rr_s > 0.4) & (rr_s < 1.6)).all()


def test_progress_counts_every_window() -> None:
    told: list[int] = []
    make_dataset(Heart(4), Cohort(0, 5, draws=2, windows=2), advance=told.append)
    assert sum(told) == 20


def test_there_are_two_negative_controls() -> None:
    assert [output.id for output in OUTPUTS if output.control] == ["platelets_low", "tsh_high"]
