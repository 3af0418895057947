"""What a pack will cost on a board before it is flashed: facts in, spans out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final, assert_never

from edge.boards.fitting import Fit, fits
from edge.boards.profile import Board, Core, Unit
from edge.boards.span import Span
from edge.manifest import PatchNeeds

USABLE: Final = Span(0.75, 0.85, 0.95)
"""Part of a battery's charge that reaches the board: cut-off voltage, age and regulator (estimate)."""
_SECONDS_A_DAY: Final = 86_400.0


class Basis(StrEnum):
    """Where a number of instructions is from."""

    COUNTED = "counted"
    """This very model's C ran on the emulated core."""
    TABLE = "table"
    """Multiplications by class of operator, times what each class costs on the core."""


@dataclass(frozen=True, slots=True)
class Work:
    """Instructions of one window, from device counts to outputs.

    Parameters
    ----------
    preprocess, infer
        Of the two stages.
    basis
        Where they are from.
    note
        The same in words.
    """

    preprocess: Span
    infer: Span
    basis: Basis
    note: str

    @property
    def instructions(self) -> Span:
        """Of both stages."""
        return self.preprocess + self.infer


@dataclass(frozen=True, slots=True)
class Battery:
    """What the patch lives on.

    Parameters
    ----------
    name
        For people.
    mah, volts
        Its charge, and the mean voltage while it is used up.
    """

    name: str
    mah: float
    volts: float

    @property
    def millijoules(self) -> Span:
        """Energy that reaches the board."""
        return USABLE * (self.mah * 3.6 * self.volts * 1e3)


@dataclass(frozen=True, slots=True)
class Wearing:
    """How the patch is worn.

    Parameters
    ----------
    hop_s
        From one window to the next.
    battery
        What it lives on.
    rest_uw
        What front end and radio draw beside the core, all the time.
    """

    hop_s: float
    battery: Battery
    rest_uw: float


class Pace(StrEnum):
    """Whether a window is done before the next one is there."""

    KEEPS_UP = "keeps up"
    MAY_NOT = "may not keep up"
    TOO_SLOW = "too slow"


@dataclass(frozen=True, slots=True)
class Accelerated:
    """The network alone on the board's accelerator; filters stay with the core.

    Parameters
    ----------
    name
        Of the accelerator.
    latency_ms
        Of a window, its preprocessing on the core included.
    """

    name: str
    latency_ms: Span


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a pack needs of a board and costs on it.

    Parameters
    ----------
    board, needs, fit
        Which, what is asked of it, and whether there is room.
    work
        Instructions of a window.
    latency_ms, energy_uj
        Of a window, preprocessing included; energy at the supply while the core computes.
    duty
        Part of the time in which it computes; above 1 where it cannot keep up.
    pace
        Whether it keeps up.
    computing_uw, asleep_uw, rest_uw
        Mean powers: of the windows, of waiting between them, of front end and radio.
    battery_days
        Until the battery is empty.
    accelerated
        The same network on the board's accelerator; None where it has none.
    """

    board: Board
    needs: PatchNeeds
    fit: Fit
    work: Work
    latency_ms: Span
    energy_uj: Span
    duty: Span
    pace: Pace
    computing_uw: Span
    asleep_uw: Span
    rest_uw: float
    battery_days: Span
    accelerated: Accelerated | None

    def __bool__(self) -> bool:
        return bool(self.fit) and self.pace is not Pace.TOO_SLOW

    @property
    def mean_uw(self) -> Span:
        """What the whole patch draws."""
        return self.computing_uw + self.asleep_uw + Span.exactly(self.rest_uw)


def work_from_table(preprocess: Mapping[Unit, int], infer: Mapping[Unit, int], core: Core) -> Work:
    """Return the instructions of a window by what its pieces cost.

    Parameters
    ----------
    preprocess, infer
        How many of each piece, as `converter.patch.fit_counts` counts them.
    core
        What each costs.
    """
    return Work(
        _cost(preprocess, core),
        _cost(infer, core),
        Basis.TABLE,
        f"the pieces of a window are priced one by one, flash and RAM are those of a Cortex-M4. {core.source}",
    )


def _cost(units: Mapping[Unit, int], core: Core) -> Span:
    cost = Span.exactly(0)
    for unit, count in units.items():
        cost += core.cost(unit) * count
    return cost


def predict(needs: PatchNeeds, work: Work, board: Board, wearing: Wearing) -> Prediction:
    """Say what the pack costs on the board.

    Parameters
    ----------
    needs
        What the pack asks of a patch.
    work
        Instructions of one window on the board's core.
    board
        Its profile.
    wearing
        How the patch is worn.
    """
    per_ms = board.clock.mhz * 1e3
    latency_ms = work.instructions * board.cycles_per_instruction.span * (1 / per_ms)
    duty = latency_ms * (1e-3 / wearing.hop_s)
    computing = Span(*(min(part, 1.0) for part in (duty.low, duty.typical, duty.high)))
    computing_uw = computing * board.active_mw.span * 1e3
    waiting = Span(1 - computing.high, 1 - computing.typical, 1 - computing.low)
    asleep_uw = waiting * board.asleep_uw.span
    mean_uw = computing_uw + asleep_uw + Span.exactly(wearing.rest_uw)
    millijoules = wearing.battery.millijoules
    return Prediction(
        board=board,
        needs=needs,
        fit=fits(needs, board),
        work=work,
        latency_ms=latency_ms,
        energy_uj=latency_ms * board.active_mw.span,
        duty=duty,
        pace=_pace(duty),
        computing_uw=computing_uw,
        asleep_uw=asleep_uw,
        rest_uw=wearing.rest_uw,
        battery_days=millijoules * mean_uw.under(1e3 / _SECONDS_A_DAY),
        accelerated=_accelerated(needs, board, work),
    )


def _pace(duty: Span) -> Pace:
    if duty.typical > 1:
        return Pace.TOO_SLOW
    return Pace.MAY_NOT if duty.high > 1 else Pace.KEEPS_UP


def _accelerated(needs: PatchNeeds, board: Board, work: Work) -> Accelerated | None:
    if board.npu is None:
        return None
    macs = sum(count for name, count in needs.macs.items() if name != "elementwise")
    preprocess_ms = work.preprocess * board.cycles_per_instruction.span * (1 / (board.clock.mhz * 1e3))
    return Accelerated(board.npu.name, preprocess_ms + board.npu.cycles_per_mac.span * (macs / (board.npu.mhz * 1e3)))


@dataclass(frozen=True, slots=True)
class Smaller:
    """A smaller network would fit: what it may need at the most."""

    flash_bytes: int
    ram_bytes: int


@dataclass(frozen=True, slots=True)
class OneSlot:
    """It fits where there is one slot in place of several; a pack that fails has then no other to go back to."""

    room_bytes: int


@dataclass(frozen=True, slots=True)
class Slower:
    """It keeps up where windows are further apart."""

    hop_s: float


@dataclass(frozen=True, slots=True)
class OtherBoards:
    """It fits these."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OtherOperators:
    """The firmware must learn these, or the network do without."""

    names: tuple[str, ...]


Remedy = Smaller | OneSlot | Slower | OtherBoards | OtherOperators
"""What would make it fit."""


def remedies(prediction: Prediction, others: Sequence[Prediction]) -> tuple[Remedy, ...]:
    """Return what would make the pack fit the board; nothing where it does.

    Parameters
    ----------
    prediction
        The pack on the board.
    others
        The same pack on other boards.
    """
    if prediction:
        return ()
    fit, board = prediction.fit, prediction.board
    found: list[Remedy] = []
    if fit.unknown_operators:
        found.append(OtherOperators(fit.unknown_operators))
    if not (fit.flash.enough and fit.ram.enough):
        found.append(Smaller(fit.flash.room_bytes, fit.ram.room_bytes))
    if not fit.flash.enough and fit.ram.enough and fit.flash.needed_bytes <= board.flash.free_bytes:
        found.append(OneSlot(board.flash.free_bytes))
    if prediction.pace is Pace.TOO_SLOW:
        found.append(Slower(prediction.latency_ms.high / 1e3))
    fitting = tuple(other.board.name for other in others if other and other.board.name != board.name)
    if fitting:
        found.append(OtherBoards(fitting))
    return tuple(found)


def in_words(remedy: Remedy, pack: str, board: str, *, teaches: bool) -> str:
    """Say a remedy to a person: what to do, one clause.

    Parameters
    ----------
    remedy
        What would help.
    pack, board
        The pack's file, and the board as the user named it.
    teaches
        Whether a student can be made of the pack.
    """
    match remedy:
        case Smaller() if teaches:
            budget = f"{remedy.flash_bytes // 1000}kB,{remedy.ram_bytes // 1000}kB"
            return f"a student: anyecg distil {pack} --board {board} --budget {budget} -o student.tflite"
        case Smaller():
            return f"a network of {remedy.flash_bytes:,} bytes of flash and {remedy.ram_bytes:,} of RAM at the most"
        case OneSlot():
            return f"one slot of {remedy.room_bytes:,} bytes in place of several; a pack that fails cannot go back then"
        case Slower():
            return f"windows further apart: --hop {ceil(remedy.hop_s)}"
        case OtherBoards():
            return f"another board: {', '.join(remedy.names)}"
        case OtherOperators():
            return f"firmware that runs {', '.join(remedy.names)}, or C compiled for the board: anyecg export-c {pack}"
        case _:
            assert_never(remedy)
