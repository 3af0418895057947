"""Waves networks with random weights, and what the waves network computes, said plainly in numpy."""

import numpy as np

from converter.waves.architecture import Architecture

SMALL = Architecture(window_samples=64, stem_channels=3, channels=(4, 6, 5), kernels=(7, 5, 3))
NARROW = Architecture(window_samples=96, stem_channels=2, channels=(3, 3), kernels=(3, 5))
DEEP = Architecture(window_samples=128, stem_channels=4, channels=(6, 4, 8, 4), kernels=(5, 3, 3, 7))


def random_weights(architecture: Architecture, seed: int) -> dict[str, np.ndarray]:
    """Weights of a size that keeps the activations within a few units."""
    draws = np.random.default_rng(seed)
    weights = {}
    for layer in architecture.layers():
        fan_in = layer.in_channels * layer.kernel
        shape = (layer.out_channels, layer.in_channels, layer.kernel)
        gain = 0.3 if layer.name.startswith(("enc", "dec")) else 1.0  # a block adds to what it reads
        weights[f"{layer.name}.w"] = (gain * draws.uniform(-1, 1, shape) * np.sqrt(6 / fan_in)).astype(np.float32)
        weights[f"{layer.name}.b"] = draws.uniform(-0.1, 0.1, layer.out_channels).astype(np.float32)
    return weights


def conv(x, w, b, stride, *, relu):
    """SAME convolution of x, shape (channels, n), sample by sample."""
    kernel, n = w.shape[2], -(-x.shape[1] // stride)
    missing = max(0, (n - 1) * stride + kernel - x.shape[1])
    padded = np.pad(x, ((0, 0), (missing // 2, missing - missing // 2)))
    y = np.stack([np.einsum("oik,ik->o", w, padded[:, i * stride : i * stride + kernel]) for i in range(n)], axis=1)
    y = y + b[:, None]
    return np.maximum(y, 0) if relu else y


def twice_as_wide(x):
    """The first half of the channels of each sample is its first successor, the second half its second."""
    half = len(x) // 2
    y = np.empty((half, 2 * x.shape[1]))
    y[:, 0::2], y[:, 1::2] = x[:half], x[half:]
    return y


def waves_network(architecture: Architecture, weights: dict[str, np.ndarray], window: np.ndarray) -> np.ndarray:
    """Logits of one window, shape (n_steps, n_outputs), float64."""
    layers = {layer.name: layer for layer in architecture.layers()}

    def run(name, y):
        layer = layers[name]
        w, b = (weights[f"{name}.{kind}"].astype(np.float64) for kind in ("w", "b"))
        return conv(y, w, b, layer.stride, relu=layer.relu)

    def block(name, y):
        return np.maximum(y + run(f"{name}b", run(f"{name}a", y)), 0)

    deepest, kept = len(architecture.channels) - 1, []
    y = run("stem1", run("stem0", window[None].astype(np.float64)))
    for level in range(deepest):
        kept.append(block(f"enc{level}", y))
        y = run(f"down{level}", kept[-1])
    y = block(f"enc{deepest}", y)
    for level in reversed(range(deepest)):
        joined = np.maximum(twice_as_wide(run(f"up{level}", y)) + kept[level], 0)
        y = block(f"dec{level}", joined)
    return run("head", y).T
