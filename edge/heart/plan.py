"""The plan of a window with arrhythmias: which beat comes when, before anything is drawn."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from math import exp, pi, sin
from typing import NamedTuple

import numpy as np

from edge.waves.marks import BEAT_CLASSES, BeatClass, Rhythm

LEAD_IN_S, LEAD_OUT_S = 2.5, 1.5
"""Beats are planned from so long before the window until so long after it."""
_REFILL = 256


class Form(IntEnum):
    """Which of the subject's QRS complexes a beat has."""

    NORMAL = 0
    VENTRICULAR = 1
    VENTRICULAR_OTHER = 2
    """From a second focus."""
    ABERRANT = 3
    """A supraventricular beat whose bundle branch has not recovered."""
    FUSION = 4
    PACED = 5


class Atrial(IntEnum):
    """Which P wave goes before a beat."""

    NONE = 0
    SINUS = 1
    ECTOPIC = 2


class Dice:
    """Numbers of one window, cheap to draw one at a time; there are always more."""

    __slots__ = ("_generator", "_normal", "_uniform")

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._uniform: list[float] = generator.random(_REFILL).tolist()
        self._normal: list[float] = []

    def uniform(self) -> float:
        """Draw between 0 and 1."""
        if not self._uniform:
            self._uniform = self._generator.random(_REFILL).tolist()
        return self._uniform.pop()

    def between(self, low: float, high: float) -> float:
        """Draw evenly between two numbers."""
        return low + (high - low) * self.uniform()

    def chance(self, probability: float) -> bool:
        """Say yes with a probability."""
        return self.uniform() < probability

    def normal(self) -> float:
        """Draw a standard normal number."""
        if not self._normal:
            self._normal = self._generator.standard_normal(_REFILL // 2).tolist()
        return self._normal.pop()

    def positive(self, median: float, log_spread: float, low: float, high: float) -> float:
        """Draw log-normally, cut at both ends."""
        return min(max(median * exp(log_spread * self.normal()), low), high)

    def whole(self, low: int, high: int) -> int:
        """Draw a whole number, both ends included."""
        return min(low + int(self.uniform() * (high - low + 1)), high)

    def which(self, shares: Sequence[float]) -> int:
        """Draw an index with probabilities in these shares."""
        left = self.uniform() * sum(shares)
        for index, share in enumerate(shares):
            left -= share
            if left < 0.0:
                return index
        return len(shares) - 1


@dataclass(frozen=True, slots=True)
class Breath:
    """Breathing, which sways rate and amplitudes: Hz, rad, and the relative depth for amplitudes."""

    hz: float
    phase_rad: float
    depth: float


class PlannedBeat(NamedTuple):
    """A beat to come: the time of its main deflection, what it looks like, and what goes before it."""

    r_s: float
    form: int
    beat_class: int
    atrial: int
    pr_s: float


@dataclass(frozen=True, slots=True)
class AtrialWaves:
    """What the atria do without P waves: waves a second, height in mV, sawtooth (flutter) or not (fibrillation)."""

    hz: float
    millivolts: float
    sawtooth: bool
    phase: float = 0.0


def seen_in(waves: AtrialWaves | None, qrs_mv: float) -> AtrialWaves | None:
    """Scale atrial waves, planned for a QRS of 1 mV, to a lead that shows another height of it."""
    if waves is None:
        return None
    return replace(waves, millivolts=min(waves.millivolts * min(qrs_mv, 1.5) ** 0.5, 0.4 * qrs_mv))


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of one window. Times in s from the window's first sample.

    Parameters
    ----------
    rhythm
        Of the window as a whole.
    breath
        Of the subject.
    beats
        In order, some of them before and after the window, appended while planning.
    blocked_p_s
        Onsets of P waves that no beat follows.
    atrial_waves
        Fibrillation or flutter; None in all other rhythms.
    """

    rhythm: Rhythm
    breath: Breath
    beats: list[PlannedBeat] = field(default_factory=list)
    blocked_p_s: list[float] = field(default_factory=list)
    atrial_waves: AtrialWaves | None = None

    def add(
        self,
        r_s: float,
        form: Form = Form.NORMAL,
        beat_class: BeatClass = BeatClass.NORMAL,
        atrial: Atrial = Atrial.NONE,
        pr_s: float = 0.0,
    ) -> float:
        """Append a beat and return its time."""
        self.beats.append(PlannedBeat(r_s, form, _CLASS_INDEX[beat_class], atrial, pr_s))
        return r_s


_CLASS_INDEX = {beat_class: index for index, beat_class in enumerate(BEAT_CLASSES)}


@dataclass(frozen=True, slots=True)
class SinusNode:
    """A sinus node whose rate sways at 0.1 Hz and with breathing, and the conduction of its beats.

    Parameters
    ----------
    mean_s
        Mean interval.
    slow_depth, breath_depth, jitter
        Relative depths of the 0.1 Hz sway, of the respiratory one, and of what is left.
    slow_phase_rad
        Of the 0.1 Hz sway.
    breath
        Of the subject.
    pr_s
        Onset of P to onset of QRS at 60 beats a minute; falls with the fourth root of the interval.
    """

    mean_s: float
    slow_depth: float
    slow_phase_rad: float
    breath_depth: float
    jitter: float
    breath: Breath
    pr_s: float

    def interval_s(self, dice: Dice, time_s: float) -> float:
        """Draw the interval that begins at a time."""
        sway = self.slow_depth * sin(0.2 * pi * time_s + self.slow_phase_rad)
        sway += self.breath_depth * sin(2.0 * pi * self.breath.hz * time_s + self.breath.phase_rad)
        return self.mean_s * (1.0 + sway + self.jitter * dice.normal())

    def conduction_s(self, interval_s: float) -> float:
        """Onset of P to onset of QRS after an interval."""
        return min(self.pr_s * min(interval_s, 1.1) ** 0.25, 0.6 * interval_s)


def draw_breath(dice: Dice) -> Breath:
    """Draw a subject's breathing."""
    return Breath(dice.between(0.15, 0.45), dice.between(0.0, 2.0 * pi), dice.between(0.0, 0.18) * dice.uniform())


def draw_sinus_node(dice: Dice, breath: Breath, *, low_bpm: float = 35.0, high_bpm: float = 180.0) -> SinusNode:
    """Draw a subject's sinus node; fast ones sway less."""
    bpm = dice.positive(75.0, 0.32, low_bpm, high_bpm)
    if dice.chance(0.12):
        bpm = dice.between(max(low_bpm, 95.0), high_bpm) if high_bpm > 95.0 else high_bpm  # noqa: PLR2004
    mean_s = 60.0 / bpm
    calm = min(mean_s, 1.1)
    return SinusNode(
        mean_s=mean_s,
        slow_depth=calm * dice.between(0.0, 0.06),
        slow_phase_rad=dice.between(0.0, 2.0 * pi),
        breath_depth=calm * dice.between(0.0, 0.12) * dice.uniform(),
        jitter=0.012 * calm,
        breath=breath,
        pr_s=dice.between(0.115, 0.2),
    )
