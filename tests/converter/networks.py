"""Net1D networks with random weights, and what Net1D computes, said plainly in numpy."""

import itertools

import numpy as np

from converter.ecgfounder.net1d import ECGFOUNDER, Net1DConfig

SMALL = Net1DConfig(
    base_filters=8,
    filter_list=(16, 16, 32),
    m_blocks_list=(1, 2, 1),
    kernel_size=8,
    stride=2,
    groups_width=8,
    n_outputs=3,
)
ECGFOUNDER_SHAPE = ECGFOUNDER


def random_weights(config: Net1DConfig, seed: int) -> dict[str, np.ndarray]:
    """Weights of a size that keeps the activations within a few units."""
    draws = np.random.default_rng(seed)
    weights = {}
    for name, shape in config.parameter_shapes().items():
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 64
        weights[name] = (draws.uniform(-1, 1, shape) * np.sqrt(3 / fan_in)).astype(np.float32)
    return weights


def net1d(config: Net1DConfig, weights: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """Logits of one window, shape (n_samples,), in float64, as the reference implementation's source reads."""
    w = {name: values.astype(np.float64) for name, values in weights.items()}

    def conv(name, y, stride=1):
        return _conv_same(y, w[f"{name}.weight"], w[f"{name}.bias"], stride)

    def linear(name, y):
        return w[f"{name}.weight"] @ y + w[f"{name}.bias"]

    y = _swish(conv("first_conv.conv", x[None].astype(np.float64), config.stride))
    channels = config.base_filters
    for i, (width, n_blocks) in enumerate(zip(config.filter_list, config.m_blocks_list, strict=True)):
        for j in range(n_blocks):
            at = f"stage_list.{i}.block_list.{j}."
            stride = config.stride if j == 0 else 1
            out = y if i == j == 0 else _swish(y)
            out = conv(f"{at}conv1.conv", out)
            out = conv(f"{at}conv2.conv", _swish(out), stride)
            out = conv(f"{at}conv3.conv", _swish(out))
            gate = linear(f"{at}se_fc2", _swish(linear(f"{at}se_fc1", out.mean(axis=1))))
            out = out * _sigmoid(gate)[:, None]
            identity = _max_pool_zero_padded(y, stride) if stride > 1 else y
            before = (width - channels) // 2
            identity = np.pad(identity, ((before, width - channels - before), (0, 0)))
            y, channels = out + identity, width
    return linear("dense", y.mean(axis=1))


def _sigmoid(x):
    return 1 / (1 + np.exp(-x))


def _swish(x):
    return x * _sigmoid(x)


def _same_padding(n, kernel, stride):
    missing = max(0, (-(-n // stride) - 1) * stride + kernel - n)
    return missing // 2, missing - missing // 2


def _conv_same(x, weight, bias, stride):
    """Shape (channels, n); groups are as many as the weights' input channels go into the signal's."""
    n_out, group, kernel = weight.shape
    padded = np.pad(x, ((0, 0), _same_padding(x.shape[1], kernel, stride)))
    n = -(-x.shape[1] // stride)
    n_groups = x.shape[0] // group
    y = np.zeros((n_out, n))
    for o, t in itertools.product(range(n_out), range(n)):
        first = o // (n_out // n_groups) * group
        y[o, t] = np.sum(padded[first : first + group, t * stride : t * stride + kernel] * weight[o]) + bias[o]
    return y


def _max_pool_zero_padded(x, stride):
    padded = np.pad(x, ((0, 0), _same_padding(x.shape[1], stride, stride)))
    return padded.reshape(x.shape[0], -1, stride).max(axis=2)
