"""The shape of the waves network: a U-Net over time that a microcontroller holds.

As ECG-DelNet (Jimenez-Perez et al. 2020, arXiv 2005.05236) it segments by an encoder and a decoder with shortcuts.
Here it runs at a quarter of the sample rate, and its last layer says four samples at once; a decoder's upsampling
is a convolution of twice the channels whose output is read as twice the width. So there is no operator but
convolution, addition and reshape, the activations are rectified sums only, and the largest tensor is small.
"""

from dataclasses import dataclass
from typing import Final

from edge.waves.track import SAID

N_OUTPUTS: Final = sum(SAID)
"""Channels of the last layer, as many as the first level has: tensors of one size leave no holes in an arena."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One convolution with its bias.

    Parameters
    ----------
    name
        Under which its weights are kept: ``{name}.w`` of shape (out, in, kernel) and ``{name}.b``.
    in_channels, out_channels, kernel, stride
        Along time; padded as TFLite's SAME.
    relu
        Whether its output is rectified.
    """

    name: str
    in_channels: int
    out_channels: int
    kernel: int
    stride: int = 1
    relu: bool = True


@dataclass(frozen=True, slots=True)
class Architecture:
    """Widths of the network.

    Parameters
    ----------
    window_samples
        Length of the input; a multiple of 4 times 2 to the number of levels less one.
    stem_channels
        After the first convolution, at half the sample rate.
    channels
        Of each level: the first runs at a quarter of the sample rate, each further one at half of that before it.
    kernels
        Of each level's blocks.
    """

    window_samples: int = 2560
    stem_channels: int = 8
    channels: tuple[int, ...] = (20, 20, 32, 48, 64, 64)
    kernels: tuple[int, ...] = (7, 7, 5, 5, 5, 7)

    def stem(self) -> tuple[Layer, Layer]:
        """Two convolutions down to the first level."""
        return Layer("stem0", 1, self.stem_channels, 9, 2), Layer("stem1", self.stem_channels, self.channels[0], 9, 2)

    def block(self, side: str, level: int) -> tuple[Layer, Layer]:
        """Two convolutions whose sum with what they read is rectified."""
        n = self.channels[level]
        name = f"{side}{level}"
        return Layer(f"{name}a", n, n, self.kernels[level]), Layer(f"{name}b", n, n, 1, relu=False)

    def down(self, level: int) -> Layer:
        """From a level to the next, at half the rate."""
        return Layer(f"down{level}", self.channels[level], self.channels[level + 1], 4, 2)

    def up(self, level: int) -> Layer:
        """From the level after `level` back to it: its output is read as twice the width."""
        return Layer(f"up{level}", self.channels[level + 1], 2 * self.channels[level], 1, relu=False)

    def head(self) -> Layer:
        """What is said at each step of the first level."""
        return Layer("head", self.channels[0], N_OUTPUTS, 5, relu=False)

    def layers(self) -> tuple[Layer, ...]:
        """All of them, in the order in which they run."""
        deepest = len(self.channels) - 1
        encoder = [layer for i in range(deepest) for layer in (*self.block("enc", i), self.down(i))]
        decoder = [layer for i in reversed(range(deepest)) for layer in (self.up(i), *self.block("dec", i))]
        return (*self.stem(), *encoder, *self.block("enc", deepest), *decoder, self.head())


WAVES_NETWORK: Final = Architecture()
"""The one that ships."""
