"""ECGFounder's network in torch, with its parameter names: what is trained here loads there, and the other way round.

The function is the one ECGFounder is used with (``use_bn=False, use_do=False``): no normalisation, no
dropout. Structure and names are those of ``net1d.py`` in PKUDigitalHealth/ECGFounder (its structure read at
commit 04edac7).
"""

from collections.abc import Iterable
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional

from converter.ecgfounder import net1d


class SameConv(nn.Module):  # type: ignore[misc]
    """Convolution that pads with zeros to ``ceil(length / stride)`` outputs, the odd zero on the right.

    Parameters
    ----------
    in_channels, out_channels, kernel_size, stride, groups
        As torch has them.
    """

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, groups: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv1d(in_channels, out_channels, kernel_size, stride=stride, groups=groups)
        self._kernel_size, self._stride = kernel_size, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, length) to (n, out_channels, ceil(length / stride))."""
        length = x.shape[-1]
        padding = max(0, (-(-length // self._stride) - 1) * self._stride + self._kernel_size - length)
        padded: Tensor = functional.pad(x, (padding // 2, padding - padding // 2))
        convolved: Tensor = self.conv(padded)
        return convolved


class Block(nn.Module):  # type: ignore[misc]
    """Residual block: 1x1, grouped and 1x1 convolution, each after a swish, then squeeze and excitation.

    Parameters
    ----------
    config
        Kernel and group width.
    shape
        Channels, stride, and whether it is the network's first, which has no swish before its first
        convolution.
    """

    def __init__(self, config: net1d.Net1DConfig, shape: net1d.Block) -> None:
        super().__init__()
        channels = shape.out_channels
        spare = channels - shape.in_channels
        self._stride, self._is_first = shape.stride, shape.is_first
        self._channel_padding = (spare // 2, spare - spare // 2)
        groups = channels // config.groups_width
        self.conv1 = SameConv(shape.in_channels, channels, 1)
        self.conv2 = SameConv(channels, channels, config.kernel_size, shape.stride, groups)
        self.conv3 = SameConv(channels, channels, 1)
        self.se_fc1 = nn.Linear(channels, channels // 2)
        self.se_fc2 = nn.Linear(channels // 2, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Map (n, in_channels, length) to (n, out_channels, ceil(length / stride))."""
        y = self.conv1(x if self._is_first else functional.silu(x))
        y = self.conv2(functional.silu(y))
        y = self.conv3(functional.silu(y))
        gate = torch.sigmoid(self.se_fc2(functional.silu(self.se_fc1(y.mean(-1)))))
        return y * gate[..., None] + self._identity(x)

    def _identity(self, x: Tensor) -> Tensor:
        if self._stride > 1:
            # The pool pads with zeros, not with minus infinity: at odd lengths the last value is max(x, 0).
            padding = self._stride - 1
            x = functional.max_pool1d(functional.pad(x, (padding // 2, padding - padding // 2)), self._stride)
        return functional.pad(x, (0, 0, *self._channel_padding))


class Stage(nn.Module):  # type: ignore[misc]
    """Blocks in a row; a level of its own only for the sake of the parameters' names.

    Parameters
    ----------
    blocks
        Of the stage.
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        super().__init__()
        self.block_list = nn.ModuleList(blocks)


class Net1D(nn.Module):  # type: ignore[misc]
    """The network: one lead in, one logit per output out.

    Parameters
    ----------
    config
        Widths and depths.
    """

    def __init__(self, config: net1d.Net1DConfig) -> None:
        super().__init__()
        shapes = iter(config.blocks())
        self.first_conv = SameConv(1, config.base_filters, config.kernel_size, config.stride)
        self.stage_list = nn.ModuleList(
            Stage(Block(config, shape) for shape in islice(shapes, n_blocks)) for n_blocks in config.m_blocks_list
        )
        self.dense = nn.Linear(config.filter_list[-1], config.n_outputs)

    def features(self, x: Tensor) -> Tensor:
        """What the last layer reads.

        Parameters
        ----------
        x
            float32, shape (n, n_samples): windows as `edge.preprocess` leaves them.

        Returns
        -------
        Tensor
            Shape (n, filter_list[-1]).
        """
        y = functional.silu(self.first_conv(x[:, None, :]))
        for stage in self.stage_list:
            for block in stage.block_list:
                y = block(y)
        return y.mean(-1)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, shape (n, n_outputs), of windows, float32, shape (n, n_samples)."""
        logits: Tensor = self.dense(self.features(x))
        return logits
