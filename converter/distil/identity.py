"""Who a student is: its names, whose student, and what must be said wherever it speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from edge.manifest import Manifest, Provenance


@dataclass(frozen=True, slots=True)
class StudentNames:
    """What a student is called, and the board it is for; the fields are those of `edge.manifest.Manifest`."""

    name: str
    version: str
    board: str | None


def provenance_of(teacher: Manifest, learned_from: str) -> Provenance:
    """Say where a student comes from; whatever must not be done with its teacher must not be done with it.

    Parameters
    ----------
    teacher
        What the teacher's pack says of itself.
    learned_from
        The windows, in words.
    """
    said = teacher.provenance
    return Provenance(
        demonstration=said.demonstration,
        training_data=f"Student of {teacher.label} (model sha256 {teacher.model_sha256}): what it says of "
        f"{learned_from}; no label was used. The teacher was trained on: {said.training_data}",
        intended_use=said.intended_use,
        limits=f"It repeats what its teacher says, errors included, and adds its own. Of the teacher: {said.limits}",
        created=datetime.now(UTC).date().isoformat(),
        converter=f"anyecg-edge {version('anyecg-edge')}",
    )
