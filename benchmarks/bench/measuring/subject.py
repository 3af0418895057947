"""What is known of a pack before anything is timed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.bench.measuring.work import Work, work_of
from benchmarks.bench.result import Accuracy
from edge.manifest import Manifest, WavesManifest
from edge.model import open_model
from edge.pack import SHIPPED, ModelPack, WavesPack, read_any_pack
from edge.waves.network import open_waves_model

_WAVES_FIGURES: Final = {
    "beats": (("f1", "F1 of beats"),),
    "waves": (("p_f1", "F1 of P waves"), ("qrs_f1", "F1 of QRS complexes"), ("t_f1", "F1 of T waves")),
    "rhythm": (("auroc", "AUROC of atrial fibrillation"),),
}
"""Those of a waves pack's figures that say most, by table: the figure and what it is."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A pack that is to be measured.

    Parameters
    ----------
    path
        Its file.
    pack
        Read, and proven on this machine.
    sha256, size_bytes
        Of the file.
    work
        Of one window.
    kernel_family
        What runs it.
    """

    path: Path
    pack: ModelPack | WavesPack
    sha256: str
    size_bytes: int
    work: Work
    kernel_family: str

    @property
    def manifest(self) -> Manifest | WavesManifest:
        """What the pack says of itself."""
        return self.pack.manifest

    @property
    def is_waves(self) -> bool:
        """Whether it reads waves, and gives no estimates."""
        return isinstance(self.pack, WavesPack)

    @property
    def accuracy(self) -> tuple[Accuracy, ...]:
        """What the manifest says it is worth; empty where it says nothing."""
        return tuple(_accuracy(self.manifest))

    def loop_packs(self, waves: Path) -> tuple[Path, Path]:
        """Estimates and waves of the loop it is measured in: a waves pack is, beside the shipped estimates."""
        return (SHIPPED.absolute(), self.path) if self.is_waves else (self.path, waves.absolute())


def open_subject(path: Path) -> Subject:
    """Read a pack and prove it on this machine.

    Raises
    ------
    PackError, RuntimeUnavailable
        If it must not be run here.
    """
    pack = read_any_pack(path)
    model = open_model(pack) if isinstance(pack, ModelPack) else open_waves_model(pack)
    data = path.read_bytes()
    return Subject(
        path=path.absolute(),
        pack=pack,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        work=work_of(pack.model),
        kernel_family=model.kernel_family,
    )


def _accuracy(manifest: Manifest | WavesManifest) -> Iterator[Accuracy]:
    if isinstance(manifest, WavesManifest):
        for table, wanted in _WAVES_FIGURES.items():
            figures = manifest.figures.get(table, {})
            measured = str(figures.get("measured", "what its manifest does not say"))
            for key, what in wanted:
                value = figures.get(key)
                if isinstance(value, float):
                    yield Accuracy(name=what, value=value, measure=f"on {measured}")
        return
    whom = "synthetic subjects" if "SYNTHETIC" in manifest.provenance.training_data else "subjects"
    for output in manifest.outputs:
        of = " of negative controls, 0.5 expected," if output.control else ""
        if output.auroc_pooled is not None:
            yield Accuracy(name=output.id, value=output.auroc_pooled, measure=f"AUROC{of} on unseen {whom}")
