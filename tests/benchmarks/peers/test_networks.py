"""A pack's network written for other runtimes is the same network."""

import numpy as np
import pytest

from benchmarks.peers.errors import PeerUnavailable
from benchmarks.peers.runners import open_runner
from benchmarks.peers.tflite_network import write_float
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.patch.network import (
    Activation,
    Add,
    Conv,
    Dense,
    Depthwise,
    Logistic,
    MaxPool,
    Mean,
    Mul,
    Network,
    Pad,
    Reshape,
    Rows,
    Scale,
    Tensor,
    Weights,
)
from converter.patch.reading import read_network
from converter.quantise import Mode, quantise
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from edge.quant import Quantisation
from tests.converter.networks import SMALL, random_weights

DRAWS = np.random.default_rng(0)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small int8 network of every operator that the converter writes, and windows it was not calibrated with."""
    calibration, unseen = (DRAWS.normal(size=(n, 500)).astype(np.float32) for n in (16, 8))
    model = quantise(emit(Checkpoint.of_state_dict(random_weights(SMALL, seed=3)), 500), Mode.FULL, calibration)
    path = tmp_path_factory.mktemp("small") / "small.tflite"
    path.write_bytes(model)
    return path, unseen


def said(run, windows):
    return np.stack([run(window[None]) for window in windows])


def written(form_name, network, tmp_path):
    pytest.importorskip("onnxruntime", reason="the peers are not installed: pip install 'anyecg-edge[peers]'")
    pytest.importorskip("onnx", reason="the peers are not installed: pip install 'anyecg-edge[peers]'")
    from benchmarks.peers.onnx_network import Form, write_network

    path = tmp_path / f"{form_name}.onnx"
    path.write_bytes(write_network(network, Form[form_name]))
    return open_runner("onnxruntime", path, 1)


@pytest.mark.parametrize("form_name", ["SIGNED", "UNSIGNED"])
def test_with_the_packs_own_scales_onnxruntime_gives_what_litert_gives_but_for_roundings(small, tmp_path, form_name):
    path, windows = small
    network = read_network(path.read_bytes())
    peer = said(written(form_name, network, tmp_path), windows)
    ours = said(open_runner("litert", path, 1), windows)
    steps = np.abs(peer - ours) / network.tensors[network.output].quantisation.scale
    assert steps.max() <= 2.5


def test_in_float_the_weights_are_those_of_the_pack_on_every_runtime(small, tmp_path):
    pytest.importorskip("torch", reason="torch is not installed: pip install 'anyecg-edge[peers]'")
    path, windows = small
    in_torch = said(open_runner("torch", path, 1), windows)
    network = read_network(path.read_bytes())
    in_onnx = said(written("FLOAT", network, tmp_path), windows)
    np.testing.assert_allclose(in_onnx, in_torch, atol=2e-5)
    (tmp_path / "float.tflite").write_bytes(write_float(network))
    np.testing.assert_allclose(said(open_runner("litert", tmp_path / "float.tflite", 1), windows), in_torch, atol=2e-5)
    int8 = said(open_runner("litert", path, 1), windows)
    assert np.corrcoef(in_torch.ravel(), int8.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("pack", [SHIPPED_WAVES, SHIPPED], ids=lambda path: path.stem)
def test_shipped_packs_become_onnx_and_say_the_same_there(pack, tmp_path):
    content = read_any_pack(pack)
    network = read_network(content.model)
    windows = network.tensors[network.input].quantisation.dequantise(content.self_test.inputs)
    peer = said(written("UNSIGNED", network, tmp_path), windows)
    ours = said(open_runner("litert", pack, 1), windows)
    steps = np.abs(peer - ours) / network.tensors[network.output].quantisation.scale
    assert steps.max() <= content.self_test.tolerance


def of_every_operator():
    """Every operator, activation, uneven padding and a reshape that moves rows into channels."""
    scale = Quantisation(0.05, 3)
    shapes = {
        0: (1, 24), 1: (1, 1, 12, 2), **dict.fromkeys(range(2, 8), (1, 1, 6, 4)),
        8: (1, 1, 9, 7), 9: (1, 1, 5, 7), 10: (1, 1, 1, 7), 11: (1, 1, 5, 7), 12: (1, 1, 5, 3),
    }  # fmt: skip
    tensors = {
        i: Tensor(f"t{i}", shape, Quantisation(1 / 256, -128) if i == 5 else scale) for i, shape in shapes.items()
    }

    def weights(shape, out, *, scales):
        values = DRAWS.integers(-127, 128, shape).astype(np.int8)
        return Weights(
            values, DRAWS.uniform(0.005, 0.02, scales).astype(np.float32), DRAWS.integers(-90, 90, out, np.int32)
        )

    operators = (
        Reshape(0, 1),
        Conv(1, 2, weights((4, 3, 1), 4, scales=4), Rows(3, 2, 0, 1), Activation.RELU),
        Depthwise(2, 3, weights((4, 4), 4, scales=4), Rows(4, 1, 1, 2), Activation.RELU6),
        Scale(3, 4, np.array([9, -50, 60, 100], np.int8), Quantisation(0.01, -5), Activation.NONE),
        Logistic(4, 5),
        Mul(4, 5, 6, Activation.NONE),
        Add(6, 2, 7, Activation.RELU),
        Pad(7, 8, (2, 1), (1, 2)),
        MaxPool(8, 9, Rows(2, 2, 0, 1), Activation.NONE),
        Mean(9, 10),
        Mul(9, 10, 11, Activation.NONE),
        Dense(11, 12, weights((3, 7), 3, scales=1), Activation.NONE),
    )
    return Network(tensors, operators, 0, 12)


def test_onnx_and_torch_agree_on_every_operator_there_is(tmp_path):
    pytest.importorskip("torch", reason="torch is not installed: pip install 'anyecg-edge[peers]'")
    from benchmarks.peers.torch_network import TorchNetwork

    network = of_every_operator()
    in_onnx, in_torch = written("FLOAT", network, tmp_path), TorchNetwork(network)
    windows = DRAWS.normal(size=(8, 24)).astype(np.float32)
    expected = said(in_torch, windows)
    np.testing.assert_allclose(said(in_onnx, windows), expected, atol=1e-5 * np.abs(expected).max())
    int8 = said(written("SIGNED", network, tmp_path), windows)
    assert int8.shape == (8, 1, 1, 5, 3)


def test_what_the_converter_writes_no_graph_of_is_refused_in_float():
    with pytest.raises(PeerUnavailable, match="RELU6"):
        write_float(of_every_operator())


@pytest.mark.parametrize("pack", [SHIPPED_WAVES, SHIPPED], ids=lambda path: path.stem)
def test_shipped_packs_in_float_on_litert_are_near_what_they_are_in_int8(pack, tmp_path):
    content = read_any_pack(pack)
    network = read_network(content.model)
    windows = network.tensors[network.input].quantisation.dequantise(content.self_test.inputs)
    (tmp_path / "float.tflite").write_bytes(write_float(network))
    exact, int8 = (said(open_runner("litert", path, 1), windows) for path in (tmp_path / "float.tflite", pack))
    assert np.corrcoef(exact.ravel(), int8.ravel())[0, 1] > 0.99
