"""What a pack says of itself: the manifest, validated field by field."""

from dataclasses import astuple
from math import isfinite
from typing import Annotated, Final, Literal, Self, assert_never

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.preprocess import (
    Bandpass,
    Compress,
    MedianBaseline,
    Notch,
    Preprocessing,
    Step,
    SwingScale,
    ZScore,
    rings_out,
)

SCHEMA_VERSION: Final = 1
"""Version of the manifest this release writes, and the newest it reads."""


_SHORTEST_WINDOW_S: Final = 1.0
_HIGHEST_ORDER: Final = 10


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Output(_Part):
    """One output of the model.

    Parameters
    ----------
    id, name
        For machines and for people.
    loinc
        LOINC code of the laboratory test it relates to.
    direction
        Whether it estimates a value below (``low``) or above (``high``) the limit.
    unit, limit
        The limit of the reference range that defined the training label.
    threshold
        Probability at which the estimate counts as positive.
    prevalence
        Part of positive labels in training.
    control
        A negative control: a laboratory test with no modelled relation, expected to score 0.5.
    auroc_pooled, auroc_within_subject
        On subjects never trained on; None where not measured.
    accepted_loss
        What conversion lost of it, where that was more than is asked for and was accepted; None where it was kept.
    logit_scale, logit_offset
        ``logit = logit_scale * network output + logit_offset``: 1 and 0 where the network gives logits itself.
    """

    id: str = Field(pattern=r"^[a-z0-9_]+$")
    name: str
    loinc: str = Field(pattern=r"^\d{1,7}-\d$")
    direction: Literal["low", "high"]
    unit: str
    limit: float
    threshold: float = Field(gt=0, lt=1)
    prevalence: float = Field(ge=0, le=1)
    control: bool = False
    auroc_pooled: float | None = Field(default=None, ge=0, le=1)
    auroc_within_subject: float | None = Field(default=None, ge=0, le=1)
    accepted_loss: str | None = None
    logit_scale: float = Field(default=1.0, gt=0)
    logit_offset: float = 0.0


class PackBudget(_Part):
    """What running the pack may cost: the default `edge.budget.Budget`.

    Parameters
    ----------
    latency_p99_ms
        From a full window to its outcome, 99th percentile.
    resident_mb
        Resident memory of the whole process.
    """

    latency_p99_ms: float = Field(gt=0)
    resident_mb: float = Field(gt=0)


class PatchNeeds(_Part):
    """What the pack asks of a patch, worked out when it is made, so that a flash is planned without a converter.

    Parameters
    ----------
    operators
        TFLite's names of the operators, sorted.
    macs
        Multiplications and additions a window, by class of operator: ``conv``, ``pointwise``, ``depthwise``,
        ``dense``, and elements by ``elementwise`` class.
    interpreter_arena_bytes
        What TFLite Micro must be given as its arena, on a machine of 32 bits.
    flash_bytes, ram_bytes, stack_bytes
        Of the ahead-of-time C for a Cortex-M4: code, tables and weights; static memory with input and output; stack.
    """

    operators: tuple[str, ...]
    macs: dict[str, int]
    interpreter_arena_bytes: int = Field(gt=0)
    flash_bytes: int = Field(gt=0)
    ram_bytes: int = Field(gt=0)
    stack_bytes: int = Field(gt=0)


class Provenance(_Part):
    """Where the model comes from and what it is for.

    Parameters
    ----------
    demonstration
        True for a pack that must never be taken for a trained medical model.
    training_data
        What it was trained on, with its kind (synthetic, or a named data set).
    intended_use, limits
        In full sentences, shown with every estimate's pack.
    created
        ISO 8601 date.
    converter
        Program and version that made the pack.
    """

    demonstration: bool
    training_data: str
    intended_use: str
    limits: str
    created: str
    converter: str


class _Described(_Part):
    """What every pack says of itself, whatever its network is for; `Manifest` has the parameters."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    version: str
    model_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    model_size_bytes: int = Field(gt=0)
    lead: str
    preprocessing: "Contract"
    quantisation: Literal["static_int8", "mixed", "dynamic", "float"]
    budget: PackBudget
    provenance: Provenance
    board: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9._-]*$")
    patch: PatchNeeds | None = None

    @property
    def label(self) -> str:
        """How people are told which pack has spoken."""
        suffix = " DEMONSTRATION" if self.provenance.demonstration else ""
        return f"{self.name} {self.version}{suffix}"


class Manifest(_Described):
    """Everything about a pack of laboratory estimates that is not its weights.

    Parameters
    ----------
    schema_version
        Of this structure.
    name, version
        Of the pack.
    model_sha256, model_size_bytes
        Of the TFLite model the manifest belongs to.
    lead
        ECG lead the network was trained with.
    preprocessing
        Rate, window and steps from millivolts to the network's input.
    quantisation
        ``static_int8`` (every tensor), ``mixed``, ``dynamic`` or ``float``.
    outputs
        One row an output, in the model's order. The model gives logits, but for scale and offset of the row.
    budget
        What running it may cost.
    provenance
        Where it comes from and what it is for.
    board
        The board it was made for, by the name of its profile; None for any.
    patch
        What it asks of a patch; None where no C can be made of it, or nobody has tried.
    """

    outputs: tuple[Output, ...] = Field(min_length=1)


class WavesManifest(_Described):
    """Everything about a waves pack that is not its weights; parameters not named here are those of `Manifest`.

    Parameters
    ----------
    task
        Tells it from a pack of laboratory estimates, which has outputs in its place.
    figures
        What it was measured to do, by table and figure, each with what it was measured on.
    """

    task: Literal["waves"] = "waves"
    figures: dict[str, dict[str, float | str]]


class Contract(_Part):
    """`edge.preprocess.Preprocessing` as it stands in a manifest."""

    rate_hz: float = Field(ge=50, le=10_000)
    window_samples: int = Field(gt=0, le=1_000_000)
    steps: tuple[Annotated[Step, Field(discriminator="kind")], ...]

    @model_validator(mode="after")
    def _can_run(self) -> Self:
        if self.window_samples < _SHORTEST_WINDOW_S * self.rate_hz:
            raise ValueError(f"a window of {self.window_samples} samples is shorter than {_SHORTEST_WINDOW_S:g} s")
        for step in self.steps:
            if not _is_a_filter(step, self.rate_hz):
                raise ValueError(f"no filter at {self.rate_hz:g} Hz is {step}")
        return self

    def as_preprocessing(self) -> Preprocessing:
        """Return the contract as the preprocessing runs it."""
        return Preprocessing(self.rate_hz, self.window_samples, self.steps)

    @classmethod
    def of(cls, preprocessing: Preprocessing) -> "Contract":
        """Return the contract as the manifest states it."""
        return cls(
            rate_hz=preprocessing.rate_hz, window_samples=preprocessing.window_samples, steps=preprocessing.steps
        )


def _is_a_filter(step: Step, rate_hz: float) -> bool:
    if not all(isfinite(value) for value in astuple(step) if isinstance(value, float)):
        return False
    match step:
        case Notch():
            return 0 < step.frequency_hz < rate_hz / 2 and step.quality > 0 and rings_out(step, rate_hz)
        case Bandpass():
            is_band = 0 < step.low_hz < step.high_hz < rate_hz / 2 and 1 <= step.order <= _HIGHEST_ORDER
            return is_band and rings_out(step, rate_hz)
        case MedianBaseline():
            return step.seconds * rate_hz > 0
        case ZScore():
            return step.epsilon >= 0
        case SwingScale():
            return step.seconds * rate_hz >= 1 and step.floor > 0
        case Compress():
            return step.knee > 0
        case _:
            assert_never(step)


Manifest.model_rebuild()
WavesManifest.model_rebuild()
