"""What a linked model takes of flash and memory, by the symbols of its own objects."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from converter.patch.toolchain import NM

_WEIGHTS: Final = re.compile(r"(weights|bias)_\d+")
_CODE, _CONSTANT, _MEMORY, _UNDEFINED = "tTwW", "rR", "bBdD", "U"


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
    kind: str
    size_bytes: int


def footprint(elf: Path, objects: Sequence[Path]) -> Footprint:
    """Measure what of `objects` is in a linked program.

    Parameters
    ----------
    elf
        The program, linked without what nobody calls.
    objects
        The model's own, without those of the program round it.
    """
    own, called = set[str](), set[str]()
    for path in objects:
        for name, symbol in _symbols(path).items():
            (called if symbol.kind == _UNDEFINED else own).add(name)
    code = weights = tables = ram = 0
    for name, symbol in _symbols(elf).items():
        if name in own | called and symbol.kind in _CODE:
            code += symbol.size_bytes
        elif name in own and symbol.kind in _CONSTANT and _WEIGHTS.fullmatch(name):
            weights += symbol.size_bytes
        elif name in own and symbol.kind in _CONSTANT:
            tables += symbol.size_bytes
        elif name in own and symbol.kind in _MEMORY:
            ram += symbol.size_bytes
    return Footprint(code, weights, tables, ram)


def _symbols(path: Path) -> Mapping[str, _Symbol]:
    """Return by name what ``nm --format=posix`` lists: name, kind, value, size in hexadecimal."""
    command = [NM, "--format=posix", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    found = {}
    for line in done.stdout.splitlines():
        name, kind, *numbers = line.split()
        found[name] = _Symbol(kind, int(numbers[1], 16) if len(numbers) > 1 else 0)
    return found
