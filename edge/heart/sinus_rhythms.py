"""Rhythms that the sinus node leads, and what breaks into them: ectopic beats, runs and pauses."""

from collections.abc import Callable
from dataclasses import dataclass

from edge.heart.plan import Atrial, Dice, Form, Plan, SinusNode
from edge.waves.marks import BeatClass


@dataclass(frozen=True, slots=True)
class Sinus:
    """A sinus rhythm in the making."""

    dice: Dice
    plan: Plan
    node: SinusNode

    def beat(self, r_s: float, interval_s: float, form: Form = Form.NORMAL) -> float:
        """Add a beat of the sinus node after an interval and return its time."""
        return self.plan.add(r_s, form, BeatClass.NORMAL, Atrial.SINUS, self.node.conduction_s(interval_s))


Step = Callable[[Sinus, float, float], float]
"""From the last sinus beat (s) and the interval to come (s), add what follows; the time of its last sinus beat."""


def run(sinus: Sinus, step: Step, start_s: float, end_s: float) -> float:
    """Add beats, step after step, until a time; the time of the last one."""
    r_s = start_s
    while r_s < end_s:
        r_s = step(sinus, r_s, sinus.node.interval_s(sinus.dice, r_s))
    return r_s


def regular(sinus: Sinus, r_s: float, interval_s: float) -> float:
    """Add one sinus beat."""
    return sinus.beat(r_s + interval_s, interval_s)


def atrial_ectopic(sinus: Sinus, r_s: float, interval_s: float) -> float:
    """Add a supraventricular ectopic beat, which resets the sinus node, and the sinus beat after it."""
    dice = sinus.dice
    early_s = max(interval_s * (1.0 - dice.between(0.1, 0.45)), 0.28)
    form = Form.ABERRANT if dice.chance(0.12) else Form.NORMAL
    atrial = (Atrial.NONE, Atrial.ECTOPIC, Atrial.SINUS)[dice.which((0.25, 0.6, 0.15))]
    pr_s = min(dice.between(0.09, 0.2), 0.45 * early_s)
    ectopic_s = sinus.plan.add(r_s + early_s, form, BeatClass.SUPRAVENTRICULAR, atrial, pr_s)
    pause_s = interval_s * dice.between(1.0, 1.25)
    return sinus.beat(ectopic_s + pause_s, pause_s)


def ventricular_ectopic(sinus: Sinus, r_s: float, interval_s: float) -> float:
    """Add one ventricular ectopic beat, sometimes two, and the sinus beat after them."""
    dice, plan = sinus.dice, sinus.plan
    form = Form.VENTRICULAR_OTHER if dice.chance(0.15) else Form.VENTRICULAR
    if dice.chance(0.12):
        coupling_s = max(min(0.4 * interval_s ** (1 / 3) * dice.between(0.75, 0.98), 0.7 * interval_s), 0.28)
    else:
        coupling_s = max(interval_s * dice.between(0.5, 0.88), 0.32)
    ectopic_s = plan.add(r_s + coupling_s, form, BeatClass.VENTRICULAR)
    if interval_s > 0.9 and coupling_s < 0.6 * interval_s and dice.chance(0.4):  # noqa: PLR2004
        interpolated_s = max(r_s + interval_s * dice.between(1.0, 1.05), ectopic_s + 0.42)
        pr_s = min(sinus.node.pr_s * dice.between(1.1, 1.5), 0.4)
        return plan.add(interpolated_s, Form.NORMAL, BeatClass.NORMAL, Atrial.SINUS, pr_s)
    if dice.chance(0.15):
        second = Form.VENTRICULAR_OTHER if dice.chance(0.3) else form
        ectopic_s = plan.add(ectopic_s + dice.between(0.3, 0.55), second, BeatClass.VENTRICULAR)
    pause_s = max(r_s + 2.0 * interval_s, ectopic_s + 0.75 * interval_s + 0.1) - ectopic_s
    return sinus.beat(ectopic_s + pause_s, pause_s)


def fusion(sinus: Sinus, r_s: float, interval_s: float) -> float:
    """Add a fusion beat: the sinus beat is on its way when a ventricular focus fires."""
    pr_s = sinus.node.conduction_s(interval_s) * sinus.dice.between(0.85, 1.0)
    early_s = interval_s * sinus.dice.between(0.93, 1.0)
    return sinus.plan.add(r_s + early_s, Form.FUSION, BeatClass.FUSION, Atrial.SINUS, pr_s)


def sometimes(step: Step, probability: float) -> Step:
    """Make a step that is the given one with a probability, else one sinus beat."""

    def chosen(sinus: Sinus, r_s: float, interval_s: float) -> float:
        return (step if sinus.dice.chance(probability) else regular)(sinus, r_s, interval_s)

    return chosen


def every(step: Step, n_beats: int) -> Step:
    """Make a step that adds sinus beats and then the given one, which ends with another: bigeminy is every 2."""

    def chosen(sinus: Sinus, r_s: float, interval_s: float) -> float:
        for _ in range(n_beats - 2):
            r_s = regular(sinus, r_s, interval_s)
            interval_s = sinus.node.interval_s(sinus.dice, r_s)
        return step(sinus, r_s, interval_s)

    return chosen


def any_of(*steps: tuple[float, Step]) -> Step:
    """Make a step that is one of several, each with its probability, else one sinus beat."""

    def chosen(sinus: Sinus, r_s: float, interval_s: float) -> float:
        left = sinus.dice.uniform()
        for probability, step in steps:
            left -= probability
            if left < 0.0:
                return step(sinus, r_s, interval_s)
        return regular(sinus, r_s, interval_s)

    return chosen


def ventricular_run(sinus: Sinus, r_s: float, interval_s: float, n_beats: int, rate_bpm: float) -> float:
    """Add a run of ventricular tachycardia and the sinus beat after it."""
    dice = sinus.dice
    cycle_s = 60.0 / rate_bpm
    beat_s = r_s + max(min(interval_s * dice.between(0.55, 0.85), 1.2 * cycle_s), 0.32)
    for _ in range(n_beats):
        sinus.plan.add(beat_s, Form.VENTRICULAR, BeatClass.VENTRICULAR)
        last_s, beat_s = beat_s, beat_s + cycle_s * (1.0 + 0.025 * dice.normal())
    pause_s = max(interval_s * dice.between(0.9, 1.3), 0.5)
    return sinus.beat(last_s + pause_s, pause_s)


def supraventricular_run(sinus: Sinus, r_s: float, interval_s: float, n_beats: int, rate_bpm: float) -> float:
    """Add a run of supraventricular tachycardia without P waves and the sinus beat after it."""
    dice = sinus.dice
    cycle_s = 60.0 / rate_bpm
    beat_s = r_s + max(min(interval_s * 0.7, 1.2 * cycle_s), cycle_s)
    form = Form.ABERRANT if dice.chance(0.08) else Form.NORMAL
    for _ in range(n_beats):
        sinus.plan.add(beat_s, form)
        last_s, beat_s = beat_s, beat_s + cycle_s * (1.0 + 0.008 * dice.normal())
    pause_s = interval_s * dice.between(1.0, 1.6)
    return sinus.beat(last_s + pause_s, pause_s)


def pause(sinus: Sinus, r_s: float, interval_s: float) -> float:
    """Let the sinus node pause for 2 to 4 s; a junctional beat may end the pause."""
    pause_s = max(sinus.dice.between(2.0, 4.0), 1.6 * interval_s)
    if sinus.dice.chance(0.3):
        return sinus.plan.add(r_s + pause_s)
    return sinus.beat(r_s + pause_s, interval_s)
