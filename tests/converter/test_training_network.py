"""The torch network computes what a plain statement of ECGFounder's blocks computes, under the same names."""

import numpy as np
import pytest

from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.net1d import Net1DConfig

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra `train`")

from converter.training.network import Net1D  # noqa: E402

CONFIGS = [
    Net1DConfig(16, (16, 32), (1, 1), 16, 2, 16, 3),
    Net1DConfig(16, (16, 48, 48), (2, 1, 3), 16, 2, 16, 1),
    Net1DConfig(8, (16, 32, 64, 96), (1, 2, 1, 1), 7, 2, 8, 5),
    Net1DConfig(12, (20, 24), (1, 2), 5, 2, 4, 2),
]
Weights = dict[str, np.ndarray]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-x))


def swish(x: np.ndarray) -> np.ndarray:
    return x * sigmoid(x)


def conv(x: np.ndarray, weights: Weights, name: str, stride: int = 1) -> np.ndarray:
    """Stated sample by sample: x is (channels, length)."""
    w, b = weights[f"{name}.weight"].astype(np.float64), weights[f"{name}.bias"]
    kernel, length, per_group = w.shape[2], x.shape[1], w.shape[1]
    n_out = -(-length // stride)
    padding = max(0, (n_out - 1) * stride + kernel - length)
    padded = np.pad(x, ((0, 0), (padding // 2, padding - padding // 2)))
    out = np.empty((w.shape[0], n_out))
    n_groups = x.shape[0] // per_group
    for channel in range(w.shape[0]):
        first = channel // (w.shape[0] // n_groups) * per_group
        for step in range(n_out):
            seen = padded[first : first + per_group, step * stride : step * stride + kernel]
            out[channel, step] = (seen * w[channel]).sum() + b[channel]
    return out


def pool_of_two(x: np.ndarray) -> np.ndarray:
    padded = np.pad(x, ((0, 0), (0, 1)))
    return np.stack([padded[:, 2 * i : 2 * i + 2].max(axis=1) for i in range((x.shape[1] + 1) // 2)], axis=1)


def linear(x: np.ndarray, weights: Weights, name: str) -> np.ndarray:
    return weights[f"{name}.weight"] @ x + weights[f"{name}.bias"]


def stated(config: Net1DConfig, weights: Weights, window: np.ndarray) -> np.ndarray:
    x = swish(conv(window[None].astype(np.float64), weights, "first_conv.conv", 2))
    is_first = True
    for stage, (width, n_blocks) in enumerate(zip(config.filter_list, config.m_blocks_list, strict=True)):
        for block in range(n_blocks):
            name, stride = f"stage_list.{stage}.block_list.{block}", 2 if block == 0 else 1
            y = conv(x if is_first else swish(x), weights, f"{name}.conv1.conv")
            y = conv(swish(y), weights, f"{name}.conv2.conv", stride)
            y = conv(swish(y), weights, f"{name}.conv3.conv")
            gate = sigmoid(linear(swish(linear(y.mean(axis=1), weights, f"{name}.se_fc1")), weights, f"{name}.se_fc2"))
            identity = pool_of_two(x) if stride == 2 else x
            spare = width - x.shape[0]
            x = y * gate[:, None] + np.pad(identity, ((spare // 2, spare - spare // 2), (0, 0)))
            is_first = False
    return linear(x.mean(axis=1), weights, "dense")


def weights_of(network: Net1D) -> Weights:
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("n_samples", [64, 75, 101])
def test_the_network_is_the_stated_one(config: Net1DConfig, n_samples: int) -> None:
    torch.manual_seed(n_samples)
    network = Net1D(config)
    window = np.random.default_rng(n_samples).standard_normal(n_samples).astype(np.float32)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)  # fresh weights are so small that a wrong branch would hardly show
        computed = network(torch.from_numpy(window)[None]).numpy()[0]
    np.testing.assert_allclose(computed, stated(config, weights_of(network), window), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("config", CONFIGS)
def test_its_state_dict_is_a_checkpoint_of_its_configuration(config: Net1DConfig) -> None:
    assert Checkpoint.of_state_dict(weights_of(Net1D(config))).config == config


def test_ecgfounders_own_shape_has_its_number_of_weights_less_the_unused_normalisation() -> None:
    config = Net1DConfig(64, (64, 160, 160, 400, 400, 1024, 1024), (2, 2, 2, 3, 3, 4, 4), 16, 2, 16, 108)
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in Net1D(config).parameters()) == 30_764_700 - 66_368
