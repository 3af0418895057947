"""From what the converter measures and predicts to what the report states."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from converter.operators import OperatorGraph
from converter.parity import Parity
from converter.report.agreement import Agreement, OutputAgreement, Scatter
from converter.report.facts import FrontierPoint, OperatorChoice
from converter.sensitivity.attribution import Sensitivity
from converter.sensitivity.effect import Arithmetic, Effect
from converter.sensitivity.placement import Step
from edge.manifest import Output

SHOWN_OUTPUTS: Final = 10
"""Outputs whose windows are shown one by one: those that agree least."""


def agreement_of(parity: Parity, outputs: Sequence[Output]) -> Agreement:
    """Say what verification found, with the windows of the outputs that agree least.

    Parameters
    ----------
    parity
        Of both models over some windows.
    outputs
        Of the manifest, in the same order.
    """
    ranks = np.array([measured.spearman for measured in parity.outputs])
    shown = set(np.argsort(np.where(np.isnan(ranks), -2.0, ranks), kind="stable")[:SHOWN_OUTPUTS].tolist())
    rows = tuple(
        OutputAgreement(
            output_id=output.id,
            name=output.name,
            threshold_logit=math.log(output.threshold / (1 - output.threshold)),
            spearman=measured.spearman,
            max_abs_logit=measured.max_abs_logit,
            rms_logit=measured.rms_logit,
            flips=measured.flips,
            auroc_float=measured.auroc_float,
            auroc_converted=measured.auroc_converted,
            scatter=Scatter(parity.expected[:, k], parity.actual[:, k]) if k in shown else None,
        )
        for k, (measured, output) in enumerate(zip(parity.outputs, outputs, strict=True))
    )
    return Agreement(parity.windows, parity.n_windows, parity.n_rejected, rows)


def frontier_points(steps: Sequence[Step]) -> tuple[FrontierPoint, ...]:
    """Count what each step of the frontier consists of.

    Parameters
    ----------
    steps
        As `converter.sensitivity.placement.frontier` gives them.
    """
    return tuple(
        FrontierPoint(
            noise_sd=step.noise,
            relative_cost=step.cost,
            n_float=step.placement.count(Arithmetic.FLOAT),
            n_dynamic=step.placement.count(Arithmetic.DYNAMIC),
            n_int8=step.placement.count(Arithmetic.INT8),
        )
        for step in steps
    )


def operator_choices(
    graph: OperatorGraph, sensitivity: Sensitivity, placement: Sequence[Arithmetic]
) -> tuple[OperatorChoice, ...]:
    """Say how each operator computes, and how much of the predicted noise the rounding of its output makes.

    Parameters
    ----------
    graph, sensitivity
        As `converter.sensitivity.placement.frontier` takes them.
    placement
        The arithmetic of each operator.
    """
    effect = Effect(graph, sensitivity)
    noise = {tensor: effect.of_tensor(tensor, placement)[0] for tensor in graph.activations}
    total = sum(noise.values()) or 1.0
    rounded = any(placement[number] is Arithmetic.INT8 for number in graph.readers[graph.input])
    entry = OperatorChoice(
        graph.names[graph.input], "INPUT", "int8" if rounded else "float", noise[graph.input] / total
    )
    return entry, *(
        OperatorChoice(
            graph.names[operator.output],
            operator.kind,
            how.name.lower(),
            sum(noise[tensor] for tensor in operator.outputs) / total,
        )
        for operator, how in zip(graph.operators, placement, strict=True)
    )
