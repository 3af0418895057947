"""Flash memory: bytes under names, that outlive a reset and a power cut."""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import TypeAlias

from ble_gateway.errors import GatewayError, GatewayFault

Memory: TypeAlias = MutableMapping[str, bytes]
"""What is put under a name is there whole or not at all; a plain dict is the memory of one process."""


class FolderMemory(MutableMapping[str, bytes]):
    """Flash memory as a folder, one file a name: a simulator that was killed finds again what it kept.

    Parameters
    ----------
    folder
        Made where it is missing.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` where nothing can be kept in it.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error
        self._folder = folder

    def __getitem__(self, name: str) -> bytes:
        try:
            return self._file(name).read_bytes()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __setitem__(self, name: str, value: bytes) -> None:
        partial = self._file(name + ".partial")
        try:
            with partial.open("wb") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._file(name))
        except OSError as error:
            raise _unwritable(self._folder, error) from error

    def __delitem__(self, name: str) -> None:
        try:
            self._file(name).unlink()
        except FileNotFoundError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return (path.name for path in sorted(self._folder.iterdir()) if path.is_file() and path.suffix != ".partial")

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _file(self, name: str) -> Path:
        return self._folder / name


def _unwritable(folder: Path, error: OSError) -> GatewayError:
    return GatewayError(
        GatewayFault.BAD_REQUEST,
        f"the virtual patch cannot keep its flash in {folder} ({error.strerror or error})",
        advice="choose another folder with --storage",
    )
