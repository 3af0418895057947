"""What a linked model takes of flash and memory, by its symbols."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from converter.patch.toolchain import NM

_WEIGHTS: Final = re.compile(r"(weights|bias)_\d+")
_CODE, _CONSTANT, _MEMORY = "tTwW", "rR", "bBdD"


@dataclass(frozen=True, slots=True)
class Footprint:
    """Bytes of a model in a firmware that runs it and does not test it.

    Parameters
    ----------
    code_bytes
        Functions, with those of the C library that they call.
    weights_bytes
        Weights and biases.
    tables_bytes
        All other constants: multipliers, shifts, shapes, tables of functions.
    ram_bytes
        Static memory, without the stack.
    """

    code_bytes: int
    weights_bytes: int
    tables_bytes: int
    ram_bytes: int

    @property
    def flash_bytes(self) -> int:
        """All that is kept in flash."""
        return self.code_bytes + self.weights_bytes + self.tables_bytes

    @property
    def beyond_weights_bytes(self) -> int:
        """What the flash holds beside weights and biases."""
        return self.code_bytes + self.tables_bytes


@dataclass(frozen=True, slots=True)
class _Symbol:
    name: str
    kind: str
    size_bytes: int


def footprint(elf: Path) -> Footprint:
    """Measure a model that is linked without a program round it.

    Parameters
    ----------
    elf
        As `converter.patch.toolchain.link_alone` writes it.
    """
    code = weights = tables = ram = 0
    for symbol in _symbols(elf):
        if symbol.kind in _CODE:
            code += symbol.size_bytes
        elif symbol.kind in _CONSTANT and _WEIGHTS.fullmatch(symbol.name):
            weights += symbol.size_bytes
        elif symbol.kind in _CONSTANT:
            tables += symbol.size_bytes
        elif symbol.kind in _MEMORY:
            ram += symbol.size_bytes
    return Footprint(code, weights, tables, ram)


def _symbols(elf: Path) -> Iterator[_Symbol]:
    """Yield what ``nm --format=posix`` lists: name, kind, value, and size where there is one, in hexadecimal."""
    command = [NM, "--format=posix", str(elf)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    for line in done.stdout.splitlines():
        match line.split():
            case [name, kind, _, size]:
                yield _Symbol(name, kind, int(size, 16))
