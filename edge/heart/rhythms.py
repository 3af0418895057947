"""Which rhythm a window has, and its plan."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from edge.heart.draws import Purpose, generator_of
from edge.heart.other_rhythms import (
    complete_block,
    fibrillation,
    fixed_block,
    flutter,
    junctional,
    paced,
    wenckebach,
)
from edge.heart.plan import LEAD_IN_S, LEAD_OUT_S, Breath, Dice, Plan, SinusNode, draw_breath, draw_sinus_node
from edge.heart.sinus_rhythms import (
    Sinus,
    Step,
    any_of,
    atrial_ectopic,
    every,
    fusion,
    pause,
    regular,
    run,
    sometimes,
    supraventricular_run,
    ventricular_ectopic,
    ventricular_run,
)
from edge.waves.marks import Rhythm

Planner = Callable[[Dice, Breath, float, float], Plan]
"""From a window's numbers, its breathing, and the stretch to fill (s), a plan."""


def _sinus(rhythm: Rhythm, node: SinusNode, dice: Dice, breath: Breath) -> Sinus:
    return Sinus(dice, Plan(rhythm, breath), node)


def _plain(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    sinus = _sinus(Rhythm.SINUS, draw_sinus_node(dice, breath), dice, breath)
    run(sinus, regular, start_s, end_s)
    return sinus.plan


def _first_degree(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    node = replace(draw_sinus_node(dice, breath, high_bpm=100.0), pr_s=dice.between(0.2, 0.36))
    sinus = _sinus(Rhythm.SINUS, node, dice, breath)
    run(sinus, regular, start_s, end_s)
    return sinus.plan


def _atrial_ectopics(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    sinus = _sinus(Rhythm.SINUS, draw_sinus_node(dice, breath, high_bpm=130.0), dice, breath)
    patterned = dice.chance(0.2)
    step = every(atrial_ectopic, dice.whole(2, 4)) if patterned else sometimes(atrial_ectopic, dice.between(0.08, 0.35))
    run(sinus, step, start_s, end_s)
    return sinus.plan


def _ventricular_ectopics(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    sinus = _sinus(Rhythm.SINUS, draw_sinus_node(dice, breath, high_bpm=130.0), dice, breath)
    step: Step
    if dice.chance(0.3):
        step = every(ventricular_ectopic, dice.whole(2, 4))
    elif dice.chance(0.2):
        step = any_of((0.15, ventricular_ectopic), (0.15, atrial_ectopic))
    else:
        step = sometimes(ventricular_ectopic, dice.between(0.07, 0.3))
    run(sinus, step, start_s, end_s)
    return sinus.plan


def _fusions(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    sinus = _sinus(Rhythm.SINUS, draw_sinus_node(dice, breath, high_bpm=110.0), dice, breath)
    steps = any_of((dice.between(0.15, 0.4), fusion), (dice.between(0.05, 0.25), ventricular_ectopic))
    run(sinus, steps, start_s, end_s)
    return sinus.plan


def _pauses(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    sinus = _sinus(Rhythm.SINUS, draw_sinus_node(dice, breath, high_bpm=100.0), dice, breath)
    first_s = dice.between(0.0, max(end_s - LEAD_OUT_S - 3.0, 0.1))
    r_s = run(sinus, regular, start_s, first_s)
    r_s = pause(sinus, r_s, sinus.node.mean_s)
    run(sinus, sometimes(pause, 0.1), r_s, end_s)
    return sinus.plan


def _tachycardia(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan a run of ventricular tachycardia of at least 4 beats that begins within the window, or fills it."""
    node = draw_sinus_node(dice, breath, high_bpm=110.0)
    sinus = _sinus(Rhythm.OTHER, node, dice, breath)
    bpm = dice.between(110.0, 230.0)
    fills = dice.chance(0.3)
    window_end_s = end_s - LEAD_OUT_S
    begin_s = start_s if fills else run(sinus, regular, start_s, dice.between(0.0, max(window_end_s - 3.5, 0.1)))
    most = int((end_s - begin_s) * bpm / 60.0) + 2
    n_beats = most if fills else dice.whole(4, max(most, 4))
    r_s = ventricular_run(sinus, begin_s, node.mean_s, n_beats, bpm)
    run(sinus, sometimes(ventricular_ectopic, 0.1), r_s, end_s)
    return sinus.plan


def _supraventricular(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan supraventricular tachycardia without visible P that fills the window, or begins or ends within it."""
    node = draw_sinus_node(dice, breath, high_bpm=110.0)
    sinus = _sinus(Rhythm.OTHER, node, dice, breath)
    bpm = dice.between(140.0, 230.0)
    fills = dice.chance(0.7)
    window_end_s = end_s - LEAD_OUT_S
    begin_s = start_s if fills else run(sinus, regular, start_s, dice.between(-2.0, max(window_end_s - 4.0, 0.1)))
    most = int((end_s - begin_s) * bpm / 60.0) + 2
    n_beats = most if fills else dice.whole(min(12, most), most)
    r_s = supraventricular_run(sinus, begin_s, node.mean_s, n_beats, bpm)
    run(sinus, regular, r_s, end_s)
    return sinus.plan


SHARES: Final[tuple[tuple[float, Planner], ...]] = (
    (0.33, _plain),
    (0.11, _atrial_ectopics),
    (0.15, _ventricular_ectopics),
    (0.04, _fusions),
    (0.03, _first_degree),
    (0.02, _pauses),
    (0.13, fibrillation),
    (0.04, flutter),
    (0.03, _supraventricular),
    (0.03, _tachycardia),
    (0.035, paced),
    (0.015, wenckebach),
    (0.01, fixed_block),
    (0.01, complete_block),
    (0.02, junctional),
)
"""Share of the windows that each rhythm has: half plain or nearly so, the rare ones far above life, to be learnt."""


def plan_window(seed: int, index: int, duration_s: float) -> Plan:
    """Plan a window; the same for the same arguments."""
    dice = Dice(generator_of(seed, Purpose.VARIED_RHYTHM, index))
    planner = SHARES[dice.which([share for share, _ in SHARES])][1]
    return planner(dice, draw_breath(dice), -LEAD_IN_S - dice.uniform(), duration_s + LEAD_OUT_S)
