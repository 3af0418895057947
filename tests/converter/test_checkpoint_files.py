"""The file formats a checkpoint comes in: all read to the same network, none ever run."""

import collections
import contextlib
import io
import json
import pickle
import struct
import sys
import zipfile
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from converter.ecgfounder.checkpoint import Checkpoint, read_checkpoint
from converter.errors import ConversionError, ConversionFault
from tests.converter.networks import ECGFOUNDER_SHAPE, SMALL, random_weights

SOME = "stage_list.1.block_list.1.conv3.conv.weight"
WEIGHTS = random_weights(SMALL, seed=0)
NORMS = {
    "first_bn.weight": np.ones(8, np.float32),
    "first_bn.running_mean": np.zeros(8, np.float32),
    "first_bn.running_var": np.ones(8, np.float32),
    "stage_list.1.block_list.1.bn3.num_batches_tracked": np.array(0),
}
SUFFIXES = (".npz", ".safetensors", ".pth", ".pt")

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="reading .pth needs torch, the extra 'train'")
READABLE = [
    pytest.param(suffix, marks=needs_torch if suffix.startswith(".pt") else (), id=suffix) for suffix in SUFFIXES
]


def save(path, state):
    """Write a state dict of arrays in the format of the path's suffix."""
    if path.suffix == ".npz":
        np.savez(path, **state)
    elif path.suffix == ".safetensors":
        from safetensors.numpy import save_file

        save_file({key: np.ascontiguousarray(values) for key, values in state.items()}, path)
    else:
        import torch

        torch.save(tensors(state), path)
    return path


def tensors(state):
    import torch

    return {key: torch.from_numpy(np.array(values)) for key, values in state.items()}


def refusal(path, **wanted):
    with pytest.raises(ConversionError) as caught:
        read_checkpoint(path, **wanted)
    assert "\n" not in str(caught.value)
    return caught.value.fault, caught.value.problem


def torch_saved(path, content, **how):
    torch = pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    torch.save(content, path, **how)
    return path


@pytest.mark.parametrize("suffix", READABLE)
def test_a_checkpoint_reads_the_same_from_every_format(tmp_path, suffix):
    read = read_checkpoint(save(tmp_path / f"a{suffix}", {**WEIGHTS, **NORMS}))
    assert (read.config, read.ignored) == (SMALL, tuple(sorted(NORMS)))
    for key, values in WEIGHTS.items():
        np.testing.assert_array_equal(read.weights[key], values)


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_half_and_double_precision_become_single(tmp_path, suffix, dtype):
    other = {key: values.astype(dtype) for key, values in WEIGHTS.items()}
    read = read_checkpoint(save(tmp_path / f"a{suffix}", other))
    assert {values.dtype for values in read.weights.values()} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(read.weights[SOME], other[SOME].astype(np.float32))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_brain_floats_become_single(tmp_path, suffix):
    torch = pytest.importorskip("torch", reason="writing bfloat16 needs torch, the extra 'train'")
    brain = {key: values.to(torch.bfloat16) for key, values in tensors(WEIGHTS).items()}
    path = tmp_path / f"a{suffix}"
    if suffix == ".safetensors":
        from safetensors.torch import save_file

        save_file(brain, path)
    else:
        torch.save(brain, path)
    np.testing.assert_array_equal(read_checkpoint(path).weights[SOME], brain[SOME].float().numpy())


@pytest.mark.parametrize("suffix", READABLE)
def test_the_name_in_front_of_a_parallel_network_is_taken_off(tmp_path, suffix):
    parallel = {f"module.{key}": values for key, values in {**WEIGHTS, **NORMS}.items()}
    read = read_checkpoint(save(tmp_path / f"a{suffix}", parallel))
    assert (read.weights.keys(), read.ignored) == (WEIGHTS.keys(), tuple(sorted(NORMS)))


def test_a_prefix_on_some_names_only_is_refused(tmp_path):
    mixed = {key if key == SOME else f"module.{key}": values for key, values in WEIGHTS.items()}
    fault, problem = refusal(save(tmp_path / "a.npz", mixed))
    assert (fault, "'module." in problem) == (ConversionFault.UNEXPECTED_WEIGHTS, True)


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_weight_that_is_not_finite_is_named_in_every_format(tmp_path, suffix, value):
    spoilt = {**WEIGHTS, SOME: np.full_like(WEIGHTS[SOME], value)}
    fault, problem = refusal(save(tmp_path / f"a{suffix}", spoilt))
    assert (fault, SOME in problem) == (ConversionFault.NOT_FINITE, True)


def test_batch_normalisation_without_statistics_of_a_training_is_only_reported(tmp_path):
    assert read_checkpoint(save(tmp_path / "a.npz", {**WEIGHTS, **NORMS})).batch_norm_trained is False


@pytest.mark.parametrize("moved", ["running_mean", "running_var"])
def test_batch_normalisation_that_took_part_in_the_training_is_told(tmp_path, moved):
    state = {**WEIGHTS, **NORMS, f"first_bn.{moved}": np.full(8, 0.3, np.float32)}
    assert read_checkpoint(save(tmp_path / "a.npz", state)).batch_norm_trained is True


def test_a_backbone_alone_is_refused_with_the_shape_its_head_would_have(tmp_path):
    backbone = {key: values for key, values in WEIGHTS.items() if not key.startswith("dense.")}
    fault, problem = refusal(save(tmp_path / "a.npz", backbone), n_outputs=3)
    assert fault is ConversionFault.MISSING_WEIGHTS
    assert "no dense.weight of shape (3, 32)" in problem


def test_a_head_of_other_outputs_than_the_labels_is_refused_with_both_shapes(tmp_path):
    fault, problem = refusal(save(tmp_path / "a.npz", WEIGHTS), n_outputs=5)
    assert fault is ConversionFault.HEAD_MISMATCH
    assert "dense.weight has shape (3, 32), not (5, 32)" in problem


def test_a_head_of_as_many_outputs_as_the_labels_is_taken(tmp_path):
    assert read_checkpoint(save(tmp_path / "a.npz", WEIGHTS), n_outputs=3).config.n_outputs == 3


def test_a_network_of_twelve_leads_is_refused_with_both_shapes(tmp_path):
    fault, problem = refusal(save(tmp_path / "a.npz", {**WEIGHTS, "first_conv.conv.weight": np.zeros((8, 12, 8))}))
    assert fault is ConversionFault.WRONG_SHAPE
    assert "first_conv.conv.weight has shape (8, 12, 8), not (8, 1, 8)" in problem


@pytest.mark.parametrize(
    "key", ["first_conv.conv.weight", "dense.weight", "stage_list.0.block_list.0.conv2.conv.weight"]
)
def test_a_weight_of_another_rank_is_named(tmp_path, key):
    fault, problem = refusal(save(tmp_path / "a.npz", {**WEIGHTS, key: np.zeros(4)}))
    assert (fault, f"{key} has shape (4,)" in problem) == (ConversionFault.WRONG_SHAPE, True)


@pytest.mark.parametrize(
    ("key", "missing"),
    [
        ("stage_list.0.block_list.2.conv1.conv.weight", "stage_list.0.block_list.1.conv2.conv.weight"),
        ("stage_list.7.block_list.0.conv1.conv.weight", "stage_list.3.block_list.0.conv2.conv.weight"),
    ],
)
def test_a_gap_among_the_blocks_is_named(tmp_path, key, missing):
    fault, problem = refusal(save(tmp_path / "a.npz", {**WEIGHTS, key: np.zeros((1, 1, 1))}))
    assert (fault, missing in problem) == (ConversionFault.MISSING_WEIGHTS, True)


@pytest.mark.parametrize("number", ["٢", "007", "9" * 5000], ids=["other digits", "leading zeros", "many digits"])
def test_a_block_with_a_number_like_no_other_is_unexpected(number):
    with pytest.raises(ConversionError) as caught:
        Checkpoint.of_state_dict({**WEIGHTS, f"stage_list.0.block_list.{number}.conv2.conv.weight": np.zeros(1)})
    assert caught.value.fault is ConversionFault.UNEXPECTED_WEIGHTS


def test_text_where_a_weight_should_be_is_refused(tmp_path):
    fault, problem = refusal(save(tmp_path / "a.npz", {**WEIGHTS, SOME: np.full(WEIGHTS[SOME].shape, "x")}))
    assert (fault, SOME in problem) == (ConversionFault.NOT_FINITE, True)


def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"")
    fault, problem = refusal(tmp_path / "a.onnx")
    assert (fault, ".safetensors" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


def test_a_single_array_under_the_name_of_many_is_refused(tmp_path):
    with (tmp_path / "a.npz").open("wb") as file:
        np.save(file, WEIGHTS[SOME])
    fault, problem = refusal(tmp_path / "a.npz")
    assert (fault, "a single array" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


@pytest.mark.parametrize("suffix", READABLE)
def test_a_file_that_is_not_there_is_refused_in_every_format(tmp_path, suffix):
    fault, problem = refusal(tmp_path / f"absent{suffix}")
    assert (fault, f"absent{suffix} cannot be read" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


@pytest.mark.parametrize(
    ("suffix", "package", "extra"), [(".pth", "torch", "train"), (".safetensors", "safetensors", "convert")]
)
def test_a_format_whose_package_is_not_installed_says_which_extra_brings_it(
    tmp_path, monkeypatch, suffix, package, extra
):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / f"a{suffix}").touch()
    with pytest.raises(ConversionError, match=rf"pip install 'anyecg-edge\[{extra}\]'") as caught:
        read_checkpoint(tmp_path / f"a{suffix}")
    assert caught.value.fault is ConversionFault.NEEDS_EXTRA


def test_a_file_that_is_not_there_is_said_to_be_missing_even_where_its_package_is_too(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    fault, problem = refusal(tmp_path / "absent.pth")
    assert (fault, "there is no such file" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


def test_what_lies_beside_the_state_dict_is_of_no_account(tmp_path):
    torch = pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    layer = torch.nn.Linear(2, 2)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer = torch.optim.Adam(layer.parameters())
    optimizer.step()
    path = torch_saved(
        tmp_path / "a.pth",
        {
            "epoch": 3,
            "state_dict": collections.OrderedDict(tensors(WEIGHTS)),
            "optimizer": optimizer.state_dict(),
            "best_auroc": np.float64(0.9),
            "history": np.arange(4.0),
        },
    )
    assert read_checkpoint(path).config == SMALL


def test_a_state_dict_of_the_older_torch_format_is_read(tmp_path):
    torch = pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    torch.save(tensors(WEIGHTS), tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    assert read_checkpoint(tmp_path / "a.pth").config == SMALL


@pytest.mark.parametrize(
    "content", [{"epoch": 3}, {1: 2}, [1, 2], 3.0, {"state_dict": None}, {"state_dict": {"a": 1}}, {}]
)
def test_something_else_than_tensors_by_name_is_refused(tmp_path, content):
    assert isinstance(refusal(torch_saved(tmp_path / "a.pth", content))[0], ConversionFault)


def test_a_whole_pickled_network_is_refused_naming_its_class(tmp_path):
    torch = pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    fault, problem = refusal(torch_saved(tmp_path / "a.pth", torch.nn.Linear(2, 2)))
    assert (fault, "torch.nn.modules.linear.Linear" in problem) == (ConversionFault.NEEDS_CODE, True)


@pytest.mark.parametrize("how", [{}, {"_use_new_zipfile_serialization": False}], ids=["archive", "older format"])
def test_code_in_a_pickle_is_refused_and_never_run(tmp_path, how):
    class Bomb:
        def __reduce__(self):
            return (exec, (f"open({str(tmp_path / 'exploded')!r}, 'w')",))

    fault, _ = refusal(torch_saved(tmp_path / "a.pth", {"state_dict": tensors_or_skip(), "extra": Bomb()}, **how))
    assert (fault, (tmp_path / "exploded").exists()) == (ConversionFault.NEEDS_CODE, False)


def tensors_or_skip():
    pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    return tensors(WEIGHTS)


def test_a_weight_larger_than_the_file_is_refused_before_it_takes_memory(tmp_path):
    torch = pytest.importorskip("torch", reason="reading .pth needs torch, the extra 'train'")
    path = torch_saved(tmp_path / "a.pth", {"first_conv.conv.weight": torch.zeros(1).expand(1 << 40)})
    fault, problem = refusal(path)
    assert (fault, "larger than what the file holds" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


def test_one_flipped_bit_among_the_weights_of_a_pth_is_found(tmp_path):
    path = torch_saved(tmp_path / "a.pth", {"state_dict": tensors_or_skip()})
    content = bytearray(path.read_bytes())
    content[content.find(WEIGHTS[SOME].tobytes()) + 2] ^= 1
    path.write_bytes(content)
    fault, problem = refusal(path)
    assert (fault, "is damaged" in problem) == (ConversionFault.UNREADABLE_CHECKPOINT, True)


def test_a_compressed_pth_is_refused(tmp_path):
    path = torch_saved(tmp_path / "a.pth", {"state_dict": tensors_or_skip()})
    with zipfile.ZipFile(path) as stored, zipfile.ZipFile(tmp_path / "b.pth", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    assert "compressed" in refusal(tmp_path / "b.pth")[1]


def npy_header(shape):
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
    return file.getvalue()


def zipped(**records):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in records.items():
            archive.writestr(f"{name}.npy", content)
    return file.getvalue()


def safetensors_bytes(header, content=b""):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + content


CRAFTED = (
    b"",
    zipped(),
    zipped(a=npy_header((1 << 50,))),
    zipped(a=b"\x93NUMPY"),
    safetensors_bytes({}),
    safetensors_bytes({"a": {"dtype": "F32", "shape": [1 << 60], "data_offsets": [0, 4]}}, bytes(4)),
    safetensors_bytes({"a": {"dtype": "F8_E4M3", "shape": [4], "data_offsets": [0, 4]}}, bytes(4)),
    struct.pack("<Q", 1 << 62),
    pickle.dumps({"a": 1}, 4),
    pickle.dumps(print, 2),
)


@pytest.mark.parametrize("suffix", READABLE)
@pytest.mark.parametrize("content", CRAFTED, ids=range(len(CRAFTED)))
def test_a_crafted_file_is_refused(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert isinstance(refusal(tmp_path / f"a{suffix}")[0], ConversionFault)


@pytest.mark.parametrize("suffix", READABLE)
@given(content=st.binary(max_size=400))
@example(content=b"\x80\x02}q\x00.")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_refused_and_nothing_else_happens(tmp_path, suffix, content):
    (tmp_path / f"a{suffix}").write_bytes(content)
    assert isinstance(refusal(tmp_path / f"a{suffix}")[0], ConversionFault)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """Bytes of a sound checkpoint, by suffix; written when first asked for."""
    folder, kept = tmp_path_factory.mktemp("sound"), {}

    def content(suffix):
        if suffix not in kept:
            kept[suffix] = save(folder / f"a{suffix}", WEIGHTS).read_bytes()
        return kept[suffix]

    return content


@pytest.mark.parametrize("suffix", READABLE)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_checkpoint_is_read_or_refused(tmp_path, sound, suffix, data):
    content = bytearray(sound(suffix))
    for _ in range(data.draw(st.integers(1, 8))):
        edge = data.draw(st.sampled_from([0, len(content) - 2500]))  # headers are at the ends, weights between
        content[edge + data.draw(st.integers(0, 2499))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)) | st.just(len(content)))
    (tmp_path / f"a{suffix}").write_bytes(content[:cut])
    with contextlib.suppress(ConversionError):
        assert read_checkpoint(tmp_path / f"a{suffix}").config == SMALL


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_the_published_size_reads_as_it_was_written(tmp_path, suffix):
    weights = random_weights(ECGFOUNDER_SHAPE, seed=1)
    read = read_checkpoint(save(tmp_path / f"a{suffix}", weights), n_outputs=108)
    assert (read.config, sum(v.size for v in read.weights.values())) == (ECGFOUNDER_SHAPE, 30_698_332)
    assert all(np.array_equal(read.weights[key], values) for key, values in weights.items())
