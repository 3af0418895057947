"""Windows with labels: read as they are, and every malformed file refused in one line."""

import numpy as np
import pytest

from converter.calibration import labelled_windows, with_artefacts
from converter.errors import ConversionError, ConversionFault
from edge.errors import EdgeError
from edge.preprocess import ECGFOUNDER

N, N_OUTPUTS, LENGTH = 9, 3, ECGFOUNDER.window_samples
DRAWS = np.random.default_rng(0)
MILLIVOLTS = DRAWS.normal(0, 0.3, (N, LENGTH)).astype(np.float32)
LABELS = DRAWS.choice([0.0, 1.0, np.nan], (N, N_OUTPUTS))


def read(path):
    return labelled_windows(path, ECGFOUNDER, N_OUTPUTS)


def stored(folder, **arrays):
    path = folder / "labelled.npz"
    np.savez(path, **arrays)
    return path


def changed(values, at, to):
    other = values.copy()
    other[at] = to
    return other


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_windows_and_labels_are_read_as_they_are(tmp_path, dtype):
    windows = read(stored(tmp_path, millivolts=MILLIVOLTS.astype(np.float64), labels=LABELS.astype(dtype)))
    np.testing.assert_array_equal(windows.millivolts, MILLIVOLTS)
    np.testing.assert_array_equal(windows.labels, LABELS)
    assert windows.origin == "labelled.npz, 9 windows with labels"


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64])
def test_labels_that_are_all_known_may_be_whole_numbers_or_truths(tmp_path, dtype):
    labels = (LABELS == 1).astype(dtype)
    np.testing.assert_array_equal(read(stored(tmp_path, millivolts=MILLIVOLTS, labels=labels)).labels, LABELS == 1)


def test_other_arrays_beside_them_are_left_aside(tmp_path):
    assert read(stored(tmp_path, millivolts=MILLIVOLTS, labels=LABELS, subjects=np.arange(N))).labels is not None


def test_labels_survive_the_artefacts(tmp_path):
    windows = read(stored(tmp_path, millivolts=MILLIVOLTS, labels=LABELS))
    spoilt = with_artefacts(windows, seed=0)
    np.testing.assert_array_equal(spoilt.labels, LABELS)
    assert not np.array_equal(spoilt.millivolts, windows.millivolts)


MALFORMED = {
    "no labels": ({"millivolts": MILLIVOLTS}, "has no array labels, but millivolts"),
    "no windows": ({"labels": LABELS}, "has no array millivolts, but labels"),
    "nothing": ({}, "has no array millivolts and no array labels, but nothing"),
    "another length": ({"millivolts": MILLIVOLTS[:, 1:], "labels": LABELS}, "has millivolts float32(9, 4999)"),
    "one window alone": ({"millivolts": MILLIVOLTS[0], "labels": LABELS}, "has millivolts float32(5000,)"),
    "a number": ({"millivolts": np.float32(1), "labels": LABELS}, "has millivolts float32()"),
    "three axes": ({"millivolts": MILLIVOLTS[None], "labels": LABELS}, "has millivolts float32(1, 9, 5000)"),
    "complex windows": ({"millivolts": MILLIVOLTS.astype(complex), "labels": LABELS}, "has millivolts complex128"),
    "another head": ({"millivolts": MILLIVOLTS, "labels": LABELS[:, :2]}, "has labels float64(9, 2), (9, 3) is read"),
    "fewer labels": ({"millivolts": MILLIVOLTS, "labels": LABELS[1:]}, "has labels float64(8, 3), (9, 3) is read"),
    "labels in a row": ({"millivolts": MILLIVOLTS, "labels": LABELS[:, 0]}, "has labels float64(9,)"),
    "words": ({"millivolts": MILLIVOLTS, "labels": np.full((N, N_OUTPUTS), "high")}, "has labels <U4(9, 3)"),
    "objects": ({"millivolts": MILLIVOLTS, "labels": LABELS.astype(object)}, "cannot be read as .npz"),
    "values": ({"millivolts": MILLIVOLTS, "labels": LABELS + 0.5}, "has labels other than 0, 1 and NaN"),
    "minus one": ({"millivolts": MILLIVOLTS, "labels": np.full((N, N_OUTPUTS), -1)}, "has labels other than 0"),
    "infinity": ({"millivolts": MILLIVOLTS, "labels": changed(LABELS, (0, 0), np.inf)}, "has labels other than 0"),
    "nearly nought": ({"millivolts": MILLIVOLTS, "labels": changed(LABELS, (0, 0), 1e-60)}, "has labels other than 0"),
}


@pytest.mark.parametrize(("arrays", "said"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_file_is_refused_in_one_line_that_says_what_is_read(tmp_path, arrays, said):
    with pytest.raises(ConversionError) as caught:
        read(stored(tmp_path, **arrays))
    assert caught.value.fault is ConversionFault.BAD_LABELS
    assert caught.value.problem.startswith("labelled.npz ")
    assert said in caught.value.problem
    assert "\n" not in str(caught.value)


UNREADABLE = {"missing": None, "empty": b"", "text": b"potassium,1\n", "a broken zip": b"PK\x03\x04" + bytes(60)}


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_is_no_npz_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "labelled.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConversionError, match=r"labelled\.npz cannot be read as \.npz"):
        read(path)


def test_a_single_array_is_no_npz(tmp_path):
    np.save(tmp_path / "windows.npy", MILLIVOLTS)
    with pytest.raises(ConversionError, match=r"windows\.npy cannot be read as \.npz"):
        read(tmp_path / "windows.npy")


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_windows_that_are_not_finite_in_single_precision_are_refused(tmp_path, value):
    spoiled = changed(MILLIVOLTS.astype(np.float64), (3, 7), value)
    with pytest.raises(ConversionError, match="not finite"):
        read(stored(tmp_path, millivolts=spoiled, labels=LABELS))


def test_too_few_windows_are_refused(tmp_path):
    with pytest.raises(EdgeError, match=r"7 windows of .* are too few"):
        read(stored(tmp_path, millivolts=MILLIVOLTS[:7], labels=LABELS[:7]))
