"""Which pack reads whom: in cross-validation, the one that the person has not taught."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from converter.training.waves.folds import N_FOLDS, fold_of_patients
from converter.training.waves.recordings import DS1, recordings_of_people
from edge.pack import SHIPPED_WAVES
from edge.waves.reader import WaveReader, open_reader

PACK_NAME: Final = "transfer-{fold}.tflite"
"""Of a folder with a pack for each fold."""
_PLACES: Final = {"mitdb": Path("mitdb"), "ludb": Path("ludb", "data")}


@dataclass(frozen=True, slots=True)
class Packs:
    """Our packs, opened.

    Parameters
    ----------
    paths
        One for all, or one for each fold.
    readers
        Of the same order.
    folds
        Fold of each patient, such as ``ludb/5``; empty where one pack reads all.
    """

    paths: tuple[Path, ...]
    readers: tuple[WaveReader, ...]
    folds: dict[str, int]

    def of(self, patient: str) -> WaveReader:
        """The reader of a patient."""
        return self.readers[self.folds[patient] if len(self.readers) > 1 else 0]

    def as_json(self) -> list[dict[str, Any]]:
        """Return which packs they are as JSON values."""
        return [
            {"file": path.name, "label": reader.label, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            for path, reader in zip(self.paths, self.readers, strict=True)
        ]


def open_packs(pack: Path | None, folder: Path | None, folds: dict[str, int]) -> Packs:
    """Open one pack, or those of all folds.

    Parameters
    ----------
    pack
        The one; the shipped one by default.
    folder
        With one for each fold, instead.
    folds
        Fold of each patient, for those.

    Raises
    ------
    PackError
        If one must not be run here.
    """
    if folder is None:
        reader = open_reader(pack)
        return Packs((pack or SHIPPED_WAVES,), (reader,), {})
    paths = tuple(folder / PACK_NAME.format(fold=fold) for fold in range(N_FOLDS))
    return Packs(paths, tuple(open_reader(path) for path in paths), folds)


def folds_of(data: Path) -> dict[str, int]:
    """Fold of each patient, as the training dealt them out."""
    return fold_of_patients(recordings_of_people(data))


def records_of(data: Path, source: str, only: Sequence[str] = ()) -> list[Path]:
    """Records that are compared on, without extension: DS1 of ``mitdb``, the odd ones of ``ludb``.

    Parameters
    ----------
    data
        The folder of data sets.
    source
        Which of them.
    only
        Names such as ``mitdb/106``; all by default.
    """
    found = sorted((data / _PLACES[source]).glob("*.hea"), key=lambda path: int(path.stem))
    chosen = (path for path in found if (int(path.stem) in DS1 if source == "mitdb" else int(path.stem) % 2))
    return [path.with_suffix("") for path in chosen if not only or f"{source}/{path.stem}" in only]
