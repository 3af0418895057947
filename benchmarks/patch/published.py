"""What a study before the project measured, with TFLite Micro on the same emulated cores.

Its network was another one of the same class: 163,000 parameters and 5.15 million multiplications, int8, 1,250 samples.
TFLite Micro with CMSIS-NN at 4ab83cc, kernels of CMSIS-NN at -O2, only the int8 ones linked and error strings stripped;
the same compiler, emulator and count of instructions as here.
"""

from dataclasses import dataclass
from typing import Final

from converter.patch.toolchain import Core


@dataclass(frozen=True, slots=True)
class Published:
    """One column of the study.

    Parameters
    ----------
    name, core
        What ran, and where.
    instructions
        Of one window.
    ram_bytes
        Of the arena.
    beyond_weights_bytes
        Code, tables and strings in flash; None where it was not measured.
    flatbuffer_bytes
        Of the model file beside its weights, in flash too.
    """

    name: str
    core: Core
    instructions: float
    ram_bytes: int
    beyond_weights_bytes: int | None
    flatbuffer_bytes: int


PUBLISHED: Final = (
    Published("TFLM, reference kernels", Core.CORTEX_M4, 54.65e6, 39_364, 62_600, 47_000),
    Published("TFLM + CMSIS-NN", Core.CORTEX_M4, 17.07e6, 39_540, 62_700, 47_000),
    Published("TFLM, reference kernels", Core.CORTEX_M55, 50.88e6, 39_364, None, 47_000),
    Published("TFLM + CMSIS-NN", Core.CORTEX_M55, 6.13e6, 39_684, None, 47_000),
)


@dataclass(frozen=True, slots=True)
class Aim:
    """What the student's network is to stay within on a core.

    Parameters
    ----------
    instructions
        Of one window.
    ram_bytes, beyond_weights_bytes
        Memory with the stack, and flash beside weights and biases; None where nothing was stated.
    """

    instructions: float
    ram_bytes: int | None = None
    beyond_weights_bytes: int | None = None


AIMS: Final = {
    Core.CORTEX_M4: Aim(11e6, ram_bytes=18_000, beyond_weights_bytes=12_000),
    Core.CORTEX_M55: Aim(5e6),
}
"""Stated before the work began."""
