"""Makes the waves pack: float graph, int8, arena plan, self-test, and what int8 kept."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import numpy as np
from numpy.typing import NDArray

from converter.quantise import Mode, quantise
from converter.waves.arena import plan, with_plan
from converter.waves.emit import emit
from edge.interpreter import installed_runtimes, open_interpreter
from edge.manifest import Contract, PackBudget, Provenance, WavesManifest
from edge.pack import SelfTest, WavesPack
from edge.preprocess import WAVES, preprocess

_TOLERANCE_STEPS: Final = 12.0
"""int8 steps by which kernels of different families round apart over 35 layers; see the parity for what was met."""


@dataclass(frozen=True, slots=True)
class WavesIdentity:
    """What a waves pack is called and where it comes from; the fields are those of `edge.manifest.WavesManifest`."""

    version: str
    lead: str
    budget: PackBudget
    provenance: Provenance
    figures: dict[str, dict[str, float | str]]
    name: str = "waves"


def make_waves_pack(
    weights: Mapping[str, NDArray[np.float32]],
    identity: WavesIdentity,
    *,
    calibration: NDArray[np.float32],
    self_test_uv: NDArray[np.int32],
    mode: Mode = Mode.FULL,
) -> WavesPack:
    """Make the pack.

    Parameters
    ----------
    weights
        As `converter.waves.emit.emit` takes them.
    identity
        What it is.
    calibration
        Prepared windows, shape (n, window_samples), whose ranges int8 must hold.
    self_test_uv
        Windows for the self-test, shape (k, window_samples), uV.
    mode
        `Mode.FULL` for every tensor int8, `Mode.FLOAT` for comparison.
    """
    float_model = emit(weights)
    model = float_model if mode is Mode.FLOAT else with_plan(quantise(float_model, mode, calibration))
    self_test, apart = _self_test(model, self_test_uv)
    manifest = WavesManifest(
        name=identity.name,
        version=identity.version,
        model_sha256=hashlib.sha256(model).hexdigest(),
        model_size_bytes=len(model),
        lead=identity.lead,
        preprocessing=Contract.of(WAVES),
        quantisation=mode.as_manifest,
        budget=identity.budget,
        provenance=identity.provenance.model_copy(update={"converter": f"anyecg-edge {version('anyecg-edge')}"}),
        figures=identity.figures,
    )
    parity = {"families_apart_steps": apart, "arena_bytes": plan(model).size_bytes}
    return WavesPack(manifest, model, self_test, parity)


def _self_test(model: bytes, windows_uv: NDArray[np.int32]) -> tuple[SelfTest, float]:
    """Run the windows on every runtime here; say by how much they differ at most, in int8 steps or logits."""
    signal = preprocess(windows_uv / 1000.0, WAVES)
    runs = [open_interpreter(model, runtime=name) for name in installed_runtimes()]
    quantisation = runs[0].input.quantisation
    inputs = quantisation.quantise(signal) if quantisation else signal
    outputs = {run.kernel_family: np.stack([run.invoke(x)[0] for x in inputs]) for run in runs}
    trusted = next(iter(outputs.values())).astype(np.float64)
    apart = max(float(np.abs(y - trusted).max()) for y in outputs.values())
    tolerance = _TOLERANCE_STEPS if quantisation else 1e-3
    agreeing = {family: y for family, y in outputs.items() if np.abs(y - trusted).max() <= tolerance}
    return SelfTest(windows_uv, inputs, agreeing, tolerance), apart
