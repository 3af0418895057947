"""The student in torch while it learns: each convolution of the trunk with batch normalisation, folded afterwards."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from converter.distil.architecture import Architecture, Block, Gate, Kind, Layer


class Convolution(nn.Module):  # type: ignore[misc]
    """One layer along time, padded as TFLite's SAME.

    Parameters
    ----------
    layer
        What it is.
    normalised
        Whether batch normalisation follows it, in place of a bias.
    """

    def __init__(self, layer: Layer, *, normalised: bool) -> None:
        super().__init__()
        groups = layer.in_channels if layer.kind is Kind.DEPTHWISE else 1
        self._layer = layer
        self.conv = nn.Conv1d(
            layer.in_channels, layer.out_channels, layer.kernel, layer.stride, groups=groups, bias=not normalised
        )
        self.norm = nn.BatchNorm1d(layer.out_channels) if normalised else None

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, length) to (n, out_channels, ceil(length / stride))."""
        missing = max(0, (self._layer.width - 1) * self._layer.stride + self._layer.kernel - x.shape[-1])
        y = self.conv(functional.pad(x, (missing // 2, missing - missing // 2)) if missing else x)
        y = y if self.norm is None else self.norm(y)
        return functional.relu(y) if self._layer.relu else y

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weights and bias with the normalisation in them."""
        if self.norm is None:
            return self.conv.weight, self.conv.bias
        gain = self.norm.weight / torch.sqrt(self.norm.running_var + self.norm.eps)
        return self.conv.weight * gain[:, None, None], self.norm.bias - gain * self.norm.running_mean


class _Gated(nn.Module):  # type: ignore[misc]
    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.squeeze = Convolution(gate.squeeze, normalised=False)
        self.excite = Convolution(gate.excite, normalised=False)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.excite(self.squeeze(x.mean(-1, keepdim=True))))


class _Step(nn.Module):  # type: ignore[misc]
    def __init__(self, block: Block) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Convolution(layer, normalised=True) for layer in block.layers)
        self.gate = _Gated(block.gate) if block.gate else None
        self._adds = block.adds

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.layers:
            y = layer(y)
        y = self.gate(y) if self.gate else y
        return functional.relu(x + y) if self._adds else y


class Student(nn.Module):  # type: ignore[misc]
    """The network: one lead in, one number for each output out.

    Parameters
    ----------
    architecture
        Widths and depths.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        self.trunk = nn.ModuleList(_Step(block) for block in architecture.blocks())
        self.hidden, self.logits = (nn.Linear(layer.in_channels, layer.out_channels) for layer in architecture.head())

    def forward(self, x: Tensor) -> Tensor:
        """Shape (n, n_outputs), of windows, float32, shape (n, window_samples)."""
        y = x[:, None, :]
        for step in self.trunk:
            y = step(y)
        said: Tensor = self.logits(functional.relu(self.hidden(y.mean(-1))))
        return said

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """Weights by name, as `converter.distil.emit.emit` takes them; batch normalisation is in them."""
        found: dict[str, tuple[Tensor, Tensor]] = {}
        for block, step in zip(self.architecture.blocks(), self.trunk, strict=True):
            found |= {layer.name: at.folded() for layer, at in zip(block.layers, step.layers, strict=True)}
            if block.gate:
                found[block.gate.squeeze.name] = step.gate.squeeze.folded()
                found[block.gate.excite.name] = step.gate.excite.folded()
        for layer, at in zip(self.architecture.head(), (self.hidden, self.logits), strict=True):
            found[layer.name] = (at.weight, at.bias)
        return {
            f"{name}.{kind}": values.detach().numpy().copy()
            for name, pair in found.items()
            for kind, values in zip("wb", pair, strict=True)
        }
