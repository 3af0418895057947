"""What all tests share: the recordings, a small pack made by the converter, how hypothesis runs."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from converter.calibration import synthetic_windows
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.gate import Gate
from converter.quantise import Mode
from converter.trial import PackIdentity
from edge.manifest import Output, PackBudget, Provenance
from edge.pack import ModelPack, write_pack
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import SMALL, random_weights

_REPOSITORY = Path(__file__).parents[1]

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if "CI" in os.environ else "local")

OUTPUTS = tuple(
    Output(
        id=f"analyte_{i}_{direction}",
        name=f"Analyte {i} {direction}",
        loinc="2823-3",
        direction=direction,
        unit="mmol/L",
        limit=limit,
        threshold=0.5,
        prevalence=0.2,
    )
    for i, (direction, limit) in enumerate([("low", 3.5), ("high", 5.0), ("low", 2.1)])
)
IDENTITY = PackIdentity(
    name="untrained",
    version="0.0.1",
    lead="II",
    outputs=OUTPUTS,
    budget=PackBudget(latency_p99_ms=10_000, resident_mb=10_000),
    provenance=Provenance(
        demonstration=True,
        training_data="none: random weights",
        intended_use="tests",
        limits="its estimates mean nothing",
        created="2026-11-21",
        converter="set by the converter",
    ),
)

ASKS_NOTHING = Gate(-1.0, -1.0, 1.0, 1.0)
"""Random weights keep little."""


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The shared recordings of real ECG; the test is skipped where they are absent."""
    path = Path(os.environ.get("ANYECG_DATA", _REPOSITORY.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real recordings are absent: {path} is no folder (set ANYECG_DATA to where they are)")
    return path


@pytest.fixture(scope="session")
def small_pack() -> ModelPack:
    """A pack of a small Net1D with seeded random weights, made as every pack is made."""
    return _small_pack(Mode.FULL)


@pytest.fixture(scope="session")
def small_float_pack() -> ModelPack:
    """The same with float outputs, as dynamic and mixed packs have them."""
    return _small_pack(Mode.DYNAMIC)


def _small_pack(mode: Mode) -> ModelPack:
    pack, _ = convert(
        Checkpoint.of_state_dict(random_weights(SMALL, seed=0)),
        IDENTITY,
        preprocessing=ECGFOUNDER,
        mode=mode,
        calibration=synthetic_windows(ECGFOUNDER, 16, seed=1),
        verification=synthetic_windows(ECGFOUNDER, 32, seed=2),
        gate=ASKS_NOTHING,
    )
    return pack


@pytest.fixture(scope="session")
def small_pack_path(small_pack: ModelPack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small pack as a file."""
    path = tmp_path_factory.mktemp("packs") / "untrained.tflite"
    write_pack(path, small_pack)
    return path
