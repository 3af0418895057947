"""A report with one of everything."""

import numpy as np

from converter.report.agreement import Agreement, OutputAgreement, Scatter
from converter.report.facts import (
    Candidate,
    Choice,
    FrontierPoint,
    GateResult,
    Limit,
    OperatorChoice,
    Report,
    Speed,
)
from converter.report.layers import LayerError
from edge.interpreter import Execution

N_WINDOWS = 16


def an_output(k, *, spearman=None, n_flips=0):
    """An output whose windows lie on a line, but for some that cross the threshold at 0.25 logits."""
    expected = np.linspace(-1.0, 1.0, N_WINDOWS)
    actual = expected.copy()
    actual[:n_flips] = 0.5
    return OutputAgreement(
        output_id=f"analyte_{k}_low",
        name=f"Analyte {k} low",
        threshold_logit=0.25,
        spearman=1.0 - 0.001 * k if spearman is None else spearman,
        max_abs_logit=0.5,
        rms_logit=0.125,
        flips=n_flips,
        auroc_float=0.81,
        auroc_converted=0.80,
        scatter=Scatter(expected, actual),
    )


def an_agreement(origin="clean windows", outputs=None):
    return Agreement(origin, N_WINDOWS, 2, outputs or tuple(an_output(k, n_flips=k) for k in range(3)))


def a_layer(name="s0b0/c1", kind="CONV_2D", arithmetic="int8", sqnr_db=30.0, lost_db=3.0):
    return LayerError(name, kind, arithmetic, 1.0, 0.03, 0.1, sqnr_db, lost_db, 0.001)


def a_report(**changes):
    facts = {
        "pack_label": "probe 1.0.0",
        "demonstration": False,
        "checkpoint_name": "tuned.pth",
        "checkpoint_sha256": "ab" * 32,
        "n_parameters": 12_345,
        "n_outputs": 3,
        "target": "litert",
        "mode": "mixed",
        "created": "2026-11-21",
        "machine": "a machine",
        "versions": {"numpy": "2.4.6"},
        "calibration": "windows to calibrate with",
        "verification": "windows to verify with",
        "float_bytes": 4_000_000,
        "model_bytes": 1_000_000,
        "pack_bytes": 1_050_000,
        "seconds": 12.5,
        "stage_seconds": {"emit": 1.5},
        "peak_rss_mb": 321.0,
        "float_vs_torch_max": 3e-6,
        "clean": an_agreement(),
        "spoilt": an_agreement("windows with artefacts"),
        "gate": GateResult("Every output is kept.", (Limit("rank", "0.9 or more", 0.998, 0),), 0.98, 0.9),
        "failed": (),
        "accepted": (),
        "execution": Execution({"CONV_2D": 3, "ADD": 2}, {"ADD": 1}, 2),
        "speed": (Speed("mixed", 1, 2, 10.5, 9.5, 14.5, 200),),
        "candidates": (Candidate("full", False, "too far away", 0.9, 0.8, 7, None, None),),
        "frontier": (FrontierPoint(0.001, 3.0, 4, 1, 0), FrontierPoint(0.01, 1.0, 0, 0, 5)),
        "chosen_step": 1,
        "arithmetic": (OperatorChoice("s0b0/c1", "CONV_2D", "int8", 0.75),),
        "layers": (a_layer(), a_layer("s0b0/add", "ADD", "float", 25.0), a_layer("s1b0/a1", "MUL", "dynamic", 20.0)),
        "n_layer_windows": 4,
        "choices": (Choice("mode", "mixed", "the cheapest that passed"),),
    }
    return Report(**{**facts, **changes})
