"""The shape of Net1D: which blocks it has and which weights they need, without any framework."""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from converter.errors import ConversionError, ConversionFault

Weights: TypeAlias = Mapping[str, NDArray[np.float32]]
"""Parameters by the names of the reference implementation's state dict."""

_SQUEEZE: Final = 2
"""Channels over hidden units of a squeeze-and-excitation block."""


@dataclass(frozen=True, slots=True)
class Block:
    """One residual block.

    Parameters
    ----------
    prefix
        Of its weights' names, with the final dot.
    name
        Of its tensors in the graph.
    in_channels, out_channels
        Before and after it.
    stride
        Of its grouped convolution and of the identity's pooling.
    is_first
        The very first block has no activation in front.
    """

    prefix: str
    name: str
    in_channels: int
    out_channels: int
    stride: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Net1DConfig:
    """What distinguishes one Net1D from another: single lead, ``ratio=1``, ``use_bn=False``.

    Parameters
    ----------
    base_filters
        Channels of the first convolution.
    filter_list, m_blocks_list
        Channels and number of blocks of each stage.
    kernel_size
        Of the first and of the grouped convolutions.
    stride
        Of the first convolution and of the first block of each stage.
    groups_width
        Channels in a group of the grouped convolutions.
    n_outputs
        Logits.
    """

    base_filters: int
    filter_list: tuple[int, ...]
    m_blocks_list: tuple[int, ...]
    kernel_size: int
    stride: int
    groups_width: int
    n_outputs: int

    def __post_init__(self) -> None:
        widths = (self.base_filters, *self.filter_list)
        if len(self.filter_list) != len(self.m_blocks_list) or not self.filter_list:
            raise ValueError("filter_list and m_blocks_list must be of the same length, one stage at least")
        if min(*widths, *self.m_blocks_list, self.kernel_size, self.stride, self.groups_width, self.n_outputs) < 1:
            raise ValueError("every size of a Net1D is 1 at least")
        if any(c % self.groups_width for c in self.filter_list) or any(
            later < earlier for earlier, later in itertools.pairwise(widths)
        ):
            raise ValueError(f"channels {widths} must not shrink, and divide into groups of {self.groups_width}")

    def blocks(self) -> Iterator[Block]:
        """Give the residual blocks in order."""
        channels = self.base_filters
        for i, (width, n_blocks) in enumerate(zip(self.filter_list, self.m_blocks_list, strict=True)):
            for j in range(n_blocks):
                stride = self.stride if j == 0 else 1
                prefix = f"stage_list.{i}.block_list.{j}."
                yield Block(prefix, f"s{i}b{j}", channels, width, stride, is_first=i == j == 0)
                channels = width

    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all weights, by name: convolutions as (out, in / groups, kernel), linear layers as (out, in)."""
        shapes: dict[str, tuple[int, ...]] = {}

        def layer(name: str, *shape: int) -> None:
            shapes[f"{name}.weight"], shapes[f"{name}.bias"] = shape, shape[:1]

        layer("first_conv.conv", self.base_filters, 1, self.kernel_size)
        for block in self.blocks():
            p, c = block.prefix, block.out_channels
            layer(f"{p}conv1.conv", c, block.in_channels, 1)
            layer(f"{p}conv2.conv", c, self.groups_width, self.kernel_size)
            layer(f"{p}conv3.conv", c, c, 1)
            layer(f"{p}se_fc1", c // _SQUEEZE, c)
            layer(f"{p}se_fc2", c, c // _SQUEEZE)
        layer("dense", self.n_outputs, self.filter_list[-1])
        return shapes

    @classmethod
    def of_weights(cls, weights: Weights, stride: int = 2) -> Self:
        """Read the configuration off the shapes of the weights.

        Parameters
        ----------
        weights
            A whole state dict; batch-normalisation entries are of no account.
        stride
            The one figure that no shape shows; 2 in every published Net1D.

        Raises
        ------
        ConversionError
            If the weights that carry the configuration are missing or of the wrong rank, or it would be no Net1D.
        """
        stages: dict[int, int] = {}
        for key in weights:
            place = re.match(r"stage_list\.(\d+)\.block_list\.(\d+)\.conv2\.conv\.weight$", key)
            if place:
                stages[int(place[1])] = max(stages.get(int(place[1]), 0), int(place[2]) + 1)
        try:
            base, _, kernel = weights["first_conv.conv.weight"].shape
            grouped = [weights[f"stage_list.{i}.block_list.0.conv2.conv.weight"].shape for i in range(len(stages))]
            n_outputs, _ = weights["dense.weight"].shape
            return cls(
                base_filters=base,
                filter_list=tuple(shape[0] for shape in grouped),
                m_blocks_list=tuple(stages[i] for i in range(len(stages))),
                kernel_size=kernel,
                stride=stride,
                groups_width=grouped[0][1] if grouped else 1,
                n_outputs=n_outputs,
            )
        except KeyError as error:
            raise ConversionError(
                ConversionFault.MISSING_WEIGHTS,
                f"the checkpoint has no {error.args[0]}",
                advice="give a whole fine-tuned Net1D, its head included",
            ) from error
        except ValueError as error:
            raise ConversionError(
                ConversionFault.WRONG_SHAPE,
                f"the weights are not those of a Net1D ({error})",
                advice="give a fine-tuned Net1D",
            ) from error


ECGFOUNDER: Final = Net1DConfig(
    base_filters=64,
    filter_list=(64, 160, 160, 400, 400, 1024, 1024),
    m_blocks_list=(2, 2, 2, 3, 3, 4, 4),
    kernel_size=16,
    stride=2,
    groups_width=16,
    n_outputs=108,
)
"""What ECGFounder's published fine-tuning script builds, with a head of 108 outputs."""
