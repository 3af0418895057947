"""Make the demonstration pack of a trained network: ``python -m converter.training.pack DIR -o PACK``.

`DIR` holds what `converter.training.demonstration` wrote. The figures in the pack's manifest are those of the int8
model, on synthetic subjects that neither training nor calibration saw. Needs no torch.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from converter.calibration import synthetic_windows
from converter.convert import convert, with_outputs
from converter.ecgfounder.checkpoint import read_checkpoint
from converter.patch.needs import with_needs
from converter.quantise import Mode
from converter.training.data import Cohort, make_dataset
from converter.training.evaluate import Auroc, pooled, within_subject
from converter.trial import PackIdentity
from edge.heart import Heart
from edge.manifest import Output, PackBudget, Provenance
from edge.model import Model, open_model
from edge.pack import ModelPack, write_pack
from edge.preprocess import ECGFOUNDER

VERSION: Final = "1.1.0"
_CALIBRATION_WINDOWS: Final = 256
_VERIFICATION_WINDOWS: Final = 240
_BATCH: Final = 4
_CALIBRATION_SEED: Final = 101
_VERIFICATION_SEED: Final = 102
_INTENDED_USE: Final = (
    "DEMONSTRATION of the software from end to end. Its estimates say nothing about any person and must not be used "
    "for any medical purpose."
)
_LIMITS: Final = (
    "Trained and tested on a synthetic heart only, whose relations of the ECG to potassium and calcium are modelled. "
    "No ECG of a person and no laboratory value of a person was used. Rhythms other than sinus rhythm were never "
    "shown to it. On recordings of people its estimates are arbitrary: they follow the person and the lead."
)


def make_pack(folder: Path) -> tuple[ModelPack, dict[str, Any]]:
    """Convert the trained network, and measure the int8 model on the test subjects.

    Parameters
    ----------
    folder
        With ``checkpoint.npz`` and ``training.json``.

    Returns
    -------
    tuple
        The pack, and the training log with the int8 model's figures added under ``int8``.
    """
    log: dict[str, Any] = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    rows = log["outputs"]
    pack, report = convert(
        read_checkpoint(folder / "checkpoint.npz"),
        _identity(rows, log["plan"]["seed"]),
        preprocessing=ECGFOUNDER,
        mode=Mode.FULL,
        calibration=synthetic_windows(ECGFOUNDER, _CALIBRATION_WINDOWS, seed=_CALIBRATION_SEED),
        verification=synthetic_windows(ECGFOUNDER, _VERIFICATION_WINDOWS, seed=_VERIFICATION_SEED),
        # A control knows nothing: its logits hardly differ, and int8 need not keep the order of noise.
        accept=frozenset(row["id"] for row in rows if row["control"]),
    )
    figures = _auroc_on_test_subjects(open_model(pack), log["plan"], [row["id"] for row in rows])
    outputs = [
        output.model_copy(
            update={
                "auroc_pooled": round(figures[output.id]["auroc_pooled"].value, 4),
                "auroc_within_subject": round(figures[output.id]["auroc_within_subject"].value, 4),
            }
        )
        for output in pack.manifest.outputs
    ]
    measured = {id_: {name: asdict(auroc) for name, auroc in row.items()} for id_, row in figures.items()}
    log["int8"] = {"outputs": measured, "parity": report.chosen.clean.as_json(), "model_bytes": len(pack.model)}
    return with_outputs(pack, outputs, auroc=measured), log


def _identity(rows: list[dict[str, Any]], seed: int) -> PackIdentity:
    fields = Output.model_fields.keys() - {"auroc_pooled", "auroc_within_subject"}
    return PackIdentity(
        name="demonstration",
        version=VERSION,
        lead="synthetic single lead (patch, near II)",
        outputs=tuple(
            Output(**{name: row[name] for name in fields & row.keys()} | {"name": _name(row)}) for row in rows
        ),
        budget=PackBudget(latency_p99_ms=250.0, resident_mb=300.0),
        provenance=Provenance(
            demonstration=True,
            training_data=f"SYNTHETIC: the heart of anyecg-edge, seed {seed}; no recording of a person",
            intended_use=_INTENDED_USE,
            limits=_LIMITS,
            created=datetime.now(UTC).date().isoformat(),
            converter="",
        ),
    )


def _name(row: dict[str, Any]) -> str:
    """The output's name; a control is called one wherever its estimate is shown."""
    return f"{row['name']} (control)" if row["control"] else str(row["name"])


def _auroc_on_test_subjects(model: Model, plan: dict[str, Any], ids: list[str]) -> dict[str, dict[str, Auroc]]:
    """AUROC of each output with its 95 % interval, over all windows of the test subjects."""
    test = make_dataset(Heart(plan["seed"]), Cohort(**plan["test"]), missing_share=0.0)
    scores = model.logits(model.infer_all(model.quantise(test.inputs), model.batch_of(_BATCH))).astype(np.float64)
    labels = test.labels > 0
    return {
        id_: {
            "auroc_pooled": pooled(scores[:, k], labels[:, k], test.subjects, seed=plan["seed"]),
            "auroc_within_subject": within_subject(scores[:, k], labels[:, k], test.subjects, seed=plan["seed"]),
        }
        for k, id_ in enumerate(ids)
    }


def main(arguments: Sequence[str]) -> None:
    """Make the pack, write it and its training log, and say what came out."""
    parser = argparse.ArgumentParser(prog="python -m converter.training.pack")
    parser.add_argument("folder", type=Path, help="what the training wrote")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the pack; its training log goes beside it")
    options = parser.parse_args(arguments)
    pack, log = make_pack(options.folder)
    size = write_pack(options.output, with_needs(pack))
    options.output.with_suffix(".training.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")
    for output in pack.manifest.outputs:
        pooled_, within = output.auroc_pooled, output.auroc_within_subject
        sys.stdout.write(f"{output.id}: AUROC {pooled_} pooled, {within} within subject\n")
    sys.stdout.write(f"{options.output}: {size:,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
