"""A candidate as a pack that a gateway can open: what people would say of it is filled in without meaning."""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from converter.calibration import WindowSet
from converter.candidate import Candidate
from edge.interpreter import open_interpreter
from edge.manifest import Contract, Manifest, Output, PackBudget, Provenance
from edge.pack import ModelPack, SelfTest, write_pack
from edge.preprocess import Preprocessing, preprocess

_SELF_TEST_WINDOWS: Final = 4
_BUDGET: Final = PackBudget(latency_p99_ms=250.0, resident_mb=400.0)
"""What `anyecg convert` states where nothing else is asked for."""
_NOT_FOR_USE: Final = Provenance(
    demonstration=True,
    training_data="not stated",
    intended_use="Measuring what a pack costs.",
    limits="Its outputs mean nothing.",
    created="2000-01-01",
    converter="benchmarks.peers",
)


def neutral_outputs(n: int) -> tuple[Output, ...]:
    """Return `n` rows that say nothing of what an output means."""
    return tuple(
        Output(
            id=f"output_{i}",
            name=f"Output {i}",
            loinc="0-0",
            direction="high",
            unit="1",
            limit=0.0,
            threshold=0.5,
            prevalence=0.5,
        )
        for i in range(n)
    )


def write_pack_of(
    candidate: Candidate, path: Path, *, preprocessing: Preprocessing, windows: WindowSet, name: str = "benchmark"
) -> None:
    """Write the pack of a candidate under a name, with a self-test on the first of the windows."""
    manifest = Manifest(
        name=name,
        version="0",
        model_sha256=hashlib.sha256(candidate.model).hexdigest(),
        model_size_bytes=len(candidate.model),
        lead="I",
        preprocessing=Contract.of(preprocessing),
        quantisation=candidate.mode.as_manifest,
        outputs=candidate.outputs,
        budget=_BUDGET,
        provenance=_NOT_FOR_USE,
    )
    windows_uv = np.rint(windows.millivolts[:_SELF_TEST_WINDOWS] * 1000.0).astype(np.int32)
    signal = preprocess(windows_uv / 1000.0, preprocessing)
    run = open_interpreter(candidate.model)
    inputs = run.input.quantisation.quantise(signal) if run.input.quantisation else signal
    outputs = {run.kernel_family: np.stack([run.invoke(x)[0] for x in inputs])}
    write_pack(path, ModelPack(manifest, candidate.model, SelfTest(windows_uv, inputs, outputs, tolerance=0.0), {}))
