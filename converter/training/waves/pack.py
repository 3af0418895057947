"""Make waves packs of trained weights: ``python -m converter.training.waves.pack DIR [-o edge/packs/waves.tflite]``.

Without ``-o`` every stage's weights in DIR become a pack beside them, and a float one for comparison: what the
cross-validation reads. With it the final weights become the pack that ships, with the figures of the cross-validation.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from converter.patch.needs import with_needs
from converter.quantise import Mode
from converter.training.waves.examples import People, finished, synthetic
from converter.training.waves.folds import N_FOLDS, fold_of_patients
from converter.training.waves.recordings import Labelled, recordings_of_people
from converter.waves.pack import WavesIdentity, make_waves_pack
from edge.heart import VariedHeart
from edge.manifest import PackBudget, Provenance
from edge.pack import WavesPack, write_pack

VERSION: Final = "1.0.0"
_SEED: Final = 7
_SHARES: Final = {"ludb": 40, "mitdb": 60, "cpsc2021": 8, "cinc2021": 6, "cinc2017": 3}
_SYNTHETIC: Final = 83
_SELF_TEST_SEED: Final = 11
_TRAINED_ON: Final = (
    "the varied synthetic heart of anyecg-edge, then recordings of people: MIT-BIH Arrhythmia DB, the 22 of DS1 "
    "(Moody and Mark 2001, de Chazal 2004; ODC-BY 1.0); LUDB, its 100 records with odd numbers (Kalyakulina 2020; "
    "ODC-BY 1.0); CPSC 2021, patients 21 and 84 (Wang 2021; CC BY 4.0); 3 records of CinC 2017 (Clifford 2017; "
    "ODC-BY 1.0) and 19 of CinC 2021 (Reyna 2021; CC BY 4.0); by PhysioNet (Goldberger 2000)"
)
_INTENDED_USE: Final = (
    "Marking waves and beats of single-lead ECG for research and for deciding whether a window can be read. Not a "
    "medical device: not for diagnosis, monitoring or treatment."
)
_LIMITS: Final = (
    "Few people with atrial fibrillation and few supraventricular beats taught it; paced, paediatric and fetal ECG "
    "hardly any. Its figures are cross-validated by patient within those recordings."
)


def calibration_inputs(taught: Sequence[Labelled]) -> NDArray[np.float32]:
    """Prepared windows that int8 must hold: of those who taught the network, and synthetic; shape (n, 2560)."""
    random = np.random.default_rng(_SEED)
    windows = [People(taught, _SHARES).draw(random)] if taught else []
    made = synthetic(VariedHeart(_SEED), np.arange(_SYNTHETIC if taught else 3 * _SYNTHETIC))
    return finished([*windows, made], random).inputs


def pack_of(
    weights: Path, taught: Sequence[Labelled], figures: dict[str, dict[str, float | str]], mode: Mode = Mode.FULL
) -> WavesPack:
    """Make a pack of the weights in a file.

    Parameters
    ----------
    weights
        ``.npz`` as ``python -m converter.training.waves`` writes it.
    taught
        Recordings the network learnt from; none for one that only knows the synthetic heart.
    figures
        What it was measured to do.
    mode
        `Mode.FULL`, or `Mode.FLOAT` to compare with.
    """
    identity = WavesIdentity(
        version=VERSION,
        lead="any single lead of the surface ECG, either polarity",
        budget=PackBudget(latency_p99_ms=50.0, resident_mb=300.0),
        provenance=Provenance(
            demonstration=False,
            training_data=_TRAINED_ON if taught else "the varied synthetic heart of anyecg-edge",
            intended_use=_INTENDED_USE,
            limits=_LIMITS,
            created=datetime.now(UTC).date().isoformat(),
            converter="",
        ),
        figures=figures,
    )
    made = VariedHeart(_SELF_TEST_SEED).windows(np.arange(1)).millivolts
    with np.load(weights) as arrays:
        return make_waves_pack(
            dict(arrays), identity, calibration=calibration_inputs(taught),
            self_test_uv=np.rint(made * 1000.0).astype(np.int32), mode=mode,
        )  # fmt: skip


def taught_by(stage: str, recordings: Sequence[Labelled]) -> list[Labelled]:
    """Recordings that the network of a stage learnt from, such as ``transfer-0``, ``final`` or ``pretrain``."""
    if stage == "pretrain":
        return []
    fold = int(stage.partition("-")[2] or N_FOLDS)
    of = fold_of_patients(recordings)
    return [r for r in recordings if of[r.patient] != fold]


def _gross(log: dict[str, Any]) -> dict[str, Any]:
    """Leave the figures of each record out of what the cross-validation found."""
    return {part: {way: found["headlines"] for way, found in ways.items()} for part, ways in log["findings"].items()}


def main(arguments: Sequence[str]) -> None:
    """Make the packs and say how large they are."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.waves.pack")
    parser.add_argument("folder", type=Path, help="what the training wrote")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "-o", "--output", type=Path, help="the pack that ships; its figures are cross_validation.json's"
    )
    options = parser.parse_args(arguments)
    recordings = recordings_of_people(options.data)
    if options.output:
        log: dict[str, Any] = json.loads((options.folder / "cross_validation.json").read_text(encoding="utf-8"))
        pack = pack_of(options.folder / "final.npz", taught_by("final", recordings), log["figures"])
        sys.stdout.write(f"{options.output}: {write_pack(options.output, with_needs(pack)):,} bytes, {pack.parity}\n")
        options.output.with_suffix(".training.json").write_text(
            json.dumps(_gross(log), indent=1) + "\n", encoding="utf-8"
        )
        return
    for weights in sorted(options.folder.glob("*.npz")):
        taught = taught_by(weights.stem, recordings)
        for mode, name in ((Mode.FULL, weights.stem), (Mode.FLOAT, f"{weights.stem}-float")):
            path = options.folder / f"{name}.tflite"
            if not path.exists():
                sys.stdout.write(f"{path}: {write_pack(path, pack_of(weights, taught, {}, mode)):,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
