"""The waves network in torch; batch normalisation while it learns, folded into the convolutions afterwards."""

from collections.abc import Iterable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from converter.waves.architecture import WAVES_NETWORK, Architecture, Layer


class WaveNet(nn.Module):  # type: ignore[misc]
    """One lead in, logits of every step out.

    Parameters
    ----------
    architecture
        Its widths.
    """

    def __init__(self, architecture: Architecture = WAVES_NETWORK) -> None:
        super().__init__()
        self.architecture = architecture
        self.convs = nn.ModuleDict({layer.name: _Conv(layer) for layer in architecture.layers()})

    def forward(self, x: Tensor) -> Tensor:
        """Map windows, float32, shape (n, window_samples), to logits, shape (n, n_steps, N_OUTPUTS)."""
        net, deepest = self.architecture, len(self.architecture.channels) - 1
        y = self._run(net.stem(), x[:, None, None, :].to(memory_format=torch.channels_last))
        shortcuts = []
        for level in range(deepest):
            y = self._block("enc", level, y)
            shortcuts.append(y)
            y = self._run([net.down(level)], y)
        y = self._block("enc", deepest, y)
        for level in reversed(range(deepest)):
            wide = self._run([net.up(level)], y)
            n, channels, _, width = wide.shape
            # Channels come last in memory, as in TFLite: twice the width is another reading of the same numbers.
            wider = wide.permute(0, 2, 3, 1).reshape(n, 1, 2 * width, channels // 2).permute(0, 3, 1, 2)
            y = functional.relu(wider + shortcuts[level])
            y = self._block("dec", level, y)
        return self._run([net.head()], y)[:, :, 0].transpose(1, 2)

    def _run(self, layers: Iterable[Layer], y: Tensor) -> Tensor:
        for layer in layers:
            y = self.convs[layer.name](y)
        return y

    def _block(self, side: str, level: int, y: Tensor) -> Tensor:
        return functional.relu(y + self._run(self.architecture.block(side, level), y))

    def folded(self) -> dict[str, NDArray[np.float32]]:
        """Weights and biases of all layers, normalisation folded in, by ``{name}.w`` and ``{name}.b``."""
        return {key: value for name, conv in self.convs.items() for key, value in conv.folded(name).items()}


class _Conv(nn.Module):  # type: ignore[misc]
    """A convolution, its normalisation and its rectifier."""

    def __init__(self, layer: Layer) -> None:
        super().__init__()
        self._layer = layer
        kernel, stride = (1, layer.kernel), (1, layer.stride)
        self.conv = nn.Conv2d(layer.in_channels, layer.out_channels, kernel, stride=stride)
        self.norm = nn.BatchNorm2d(layer.out_channels) if layer.name != "head" else nn.Identity()
        self.to(memory_format=torch.channels_last)

    def forward(self, x: Tensor) -> Tensor:
        layer = self._layer
        padding = max(0, (-(-x.shape[-1] // layer.stride) - 1) * layer.stride + layer.kernel - x.shape[-1])
        y: Tensor = self.norm(self.conv(functional.pad(x, (padding // 2, padding - padding // 2))))
        return functional.relu(y) if layer.relu else y

    def folded(self, name: str) -> dict[str, NDArray[np.float32]]:
        weight, bias = self.conv.weight.detach()[:, :, 0].double(), self.conv.bias.detach().double()
        if isinstance(self.norm, nn.BatchNorm2d):
            norm = self.norm
            gain = norm.weight.detach().double() / torch.sqrt(norm.running_var.double() + norm.eps)
            weight, bias = weight * gain[:, None, None], (bias - norm.running_mean.double()) * gain + norm.bias.detach()
        return {f"{name}.w": weight.float().numpy(), f"{name}.b": bias.float().numpy()}
