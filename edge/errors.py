"""The errors a user may meet: one root, a reason as an enum, the facts on the object.

::

    EdgeError
    ├── StreamError           blocks that do not follow each other
    ├── RecordingError        a file of samples that cannot be read
    ├── PackError             a model file that must not be run
    ├── RuntimeUnavailable    no TFLite runtime here can run this pack
    ├── StoreError            samples or outcomes that cannot be kept
    ├── SignatureError        (edge.signature) a pack that cannot be signed, or a key that cannot be used
    ├── BoardError            a board that is not known, or whose profile breaks a rule
    ├── ConversionError       (converter) a checkpoint that cannot become a pack
    ├── ContractError         (converter) preprocessing that cannot run in fixed point on a patch
    ├── DistilError           (converter) no student can be taught
    ├── EvaluationError       (converter) recordings that nothing can be scored on
    ├── FlashError            (ble_gateway.flash) a patch that was not flashed; it runs what it ran
    ├── ExportError           (converter) a model that cannot become C for a patch
    ├── BenchError            (benchmarks) a benchmark that cannot be run, read or compared
    ├── EmulationError        (converter) C that cannot be built for an emulated core, or run there
    ├── EnergyError           (benchmarks.bench.energy) energy that cannot be measured
    └── GatewayError          (ble_gateway) a wearable or adapter that cannot be used
"""

from enum import StrEnum
from typing import Generic, TypeVar

Fault = TypeVar("Fault", bound=StrEnum)


class EdgeError(Exception):
    """Root of every expected error.

    Parameters
    ----------
    problem
        What happened and to what, one clause without a full stop.
    advice
        What the user can do about it, one clause.
    """

    def __init__(self, problem: str, *, advice: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.problem} - {self.advice}"


class FaultError(EdgeError, Generic[Fault]):
    """An expected error that says why as a member of an enum.

    Parameters
    ----------
    fault
        Why, for machines.
    problem, advice
        As `EdgeError` takes them.
    """

    def __init__(self, fault: Fault, problem: str, *, advice: str) -> None:
        super().__init__(problem, advice=advice)
        self.fault: Fault = fault


class StreamError(EdgeError):
    """A block does not continue the stream it was pushed into."""


class RecordingFault(StrEnum):
    """Why a recording cannot be played."""

    MISSING = "missing"
    UNKNOWN_FORMAT = "unknown_format"
    UNREADABLE = "unreadable"
    NO_SUCH_CHANNEL = "no_such_channel"
    BAD_RATE = "bad_rate"
    EMPTY = "empty"
    NO_VALID_SAMPLES = "no_valid_samples"
    NEEDS_EXTRA = "needs_extra"


class RecordingError(FaultError[RecordingFault]):
    """A file of samples cannot be read; `fault` says why."""


class PackFault(StrEnum):
    """Why a pack must not be run."""

    MISSING = "missing"
    NOT_A_PACK = "not_a_pack"
    CORRUPT = "corrupt"
    NEWER_SCHEMA = "newer_schema"
    BAD_MANIFEST = "bad_manifest"
    WRONG_TASK = "wrong_task"
    MODEL_MISMATCH = "model_mismatch"
    SELF_TEST_FAILED = "self_test_failed"
    NOT_A_NUMBER = "not_a_number"


class PackError(FaultError[PackFault]):
    """A model file must not be run; `fault` says why."""


class RuntimeUnavailable(EdgeError):
    """No TFLite runtime on this machine can run the pack correctly."""


class StoreFault(StrEnum):
    """Why the store cannot be used."""

    DISK_FULL = "disk_full"
    IN_USE = "in_use"
    NOT_A_STORE = "not_a_store"
    NEWER_SCHEMA = "newer_schema"
    UNWRITABLE = "unwritable"


class StoreError(FaultError[StoreFault]):
    """Samples or outcomes cannot be kept; `fault` says why. What was committed before is still there."""
