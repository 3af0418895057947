import numpy as np
import pytest

from converter.ecgfounder.checkpoint import Checkpoint, read_checkpoint
from converter.errors import ConversionError, ConversionFault
from tests.converter.networks import SMALL, random_weights

SOME = "stage_list.1.block_list.1.conv3.conv.weight"


@pytest.fixture
def weights():
    return random_weights(SMALL, seed=0)


def refusal(weights):
    with pytest.raises(ConversionError) as caught:
        Checkpoint.of_state_dict(weights)
    return caught.value.fault, caught.value.problem


def test_a_whole_state_dict_becomes_its_network(weights):
    made = Checkpoint.of_state_dict(weights)
    assert (made.config, made.weights.keys()) == (SMALL, weights.keys())


@pytest.mark.parametrize(
    "name",
    [
        "first_bn.weight",
        "stage_list.0.block_list.0.bn1.running_mean",
        "stage_list.1.block_list.1.bn3.num_batches_tracked",
    ],
)
def test_batch_normalisation_that_was_never_applied_is_of_no_account(weights, name):
    assert name not in Checkpoint.of_state_dict({**weights, name: np.zeros(8)}).weights


def test_weights_of_double_precision_become_single(weights):
    made = Checkpoint.of_state_dict({k: v.astype(np.float64) for k, v in weights.items()})
    assert {v.dtype for v in made.weights.values()} == {np.dtype(np.float32)}


def test_a_missing_weight_is_named(weights):
    del weights[SOME]
    assert refusal(weights) == (ConversionFault.MISSING_WEIGHTS, f"the checkpoint has no {SOME}")


def test_an_unexpected_weight_is_named(weights):
    fault, problem = refusal({**weights, "lstm.weight": np.zeros(3)})
    assert (fault, "lstm.weight" in problem) == (ConversionFault.UNEXPECTED_WEIGHTS, True)


def test_a_weight_of_another_shape_is_named(weights):
    fault, problem = refusal({**weights, SOME: weights[SOME][:, :-1]})
    assert (fault, SOME in problem) == (ConversionFault.WRONG_SHAPE, True)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_named(weights, value):
    weights[SOME][0, 0] = value
    fault, problem = refusal(weights)
    assert (fault, SOME in problem) == (ConversionFault.NOT_FINITE, True)


def test_something_else_than_weights_is_refused(weights):
    assert refusal({**weights, "epoch": np.array("twelve")})[0] is ConversionFault.UNEXPECTED_WEIGHTS


def test_a_checkpoint_is_read_from_a_file(weights, tmp_path):
    np.savez(tmp_path / "a.npz", **weights)
    read = read_checkpoint(tmp_path / "a.npz")
    np.testing.assert_array_equal(read.weights[SOME], weights[SOME])


def broken_files():
    file = np.lib.format.magic(1, 0)
    return {"empty": b"", "text": b"these are no weights", "zip cut short": b"PK\x03\x04", "one array": file}


@pytest.mark.parametrize("content", broken_files().values(), ids=broken_files().keys())
def test_a_file_that_holds_no_weights_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ConversionError) as caught:
        read_checkpoint(tmp_path / "a.npz")
    assert caught.value.fault is ConversionFault.UNREADABLE_CHECKPOINT


def test_a_single_array_is_no_state_dict(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(3))
    with pytest.raises(ConversionError) as caught:
        read_checkpoint(tmp_path / "a.npy")
    assert caught.value.fault is ConversionFault.UNREADABLE_CHECKPOINT


def test_pickled_objects_are_never_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path.joinpath("exploded").touch, ())

    np.savez(tmp_path / "a.npz", weights=np.array([Bomb()], dtype=object))
    with pytest.raises(ConversionError):
        read_checkpoint(tmp_path / "a.npz")
    assert not (tmp_path / "exploded").exists()


def test_a_damaged_file_is_refused(weights, tmp_path):
    np.savez_compressed(tmp_path / "a.npz", **weights)
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[600:700] = bytes(100)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ConversionError) as caught:
        read_checkpoint(tmp_path / "a.npz")
    assert caught.value.fault is ConversionFault.UNREADABLE_CHECKPOINT


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ConversionError, match=r"absent.npz cannot be read"):
        read_checkpoint(tmp_path / "absent.npz")
