"""Rhythms that the sinus node does not lead, or whose beats do not all come through."""

from edge.heart.plan import Atrial, AtrialWaves, Breath, Dice, Form, Plan, draw_sinus_node
from edge.heart.sinus_rhythms import Sinus, every, regular, run
from edge.waves.marks import BeatClass, Rhythm

SHORTEST_S = 0.27
"""No two beats follow each other faster."""


def fibrillation(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan atrial fibrillation, sometimes with ventricular ectopic beats."""
    visible = dice.chance(0.8)
    waves = AtrialWaves(dice.between(4.0, 9.0), dice.between(0.015, 0.15) if visible else 0.0, sawtooth=False)
    plan = Plan(Rhythm.AF, breath, atrial_waves=waves)
    mean_s, spread = 60.0 / dice.positive(92.0, 0.3, 50.0, 180.0), dice.between(0.13, 0.36)
    ectopic = dice.between(0.03, 0.2) if dice.chance(0.2) else 0.0
    r_s = start_s
    while r_s < end_s:
        interval_s = max(mean_s * dice.positive(1.0 - 0.5 * spread**2, spread, 0.3, 3.0), SHORTEST_S)
        if dice.chance(ectopic):
            r_s = plan.add(r_s + max(0.65 * mean_s, 0.32), Form.VENTRICULAR, BeatClass.VENTRICULAR)
            interval_s = max(1.2 * interval_s, 0.4)
        r_s = plan.add(r_s + interval_s, Form.ABERRANT if dice.chance(0.01) else Form.NORMAL)
    return plan


def flutter(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan atrial flutter with 2:1, 3:1, 4:1 or varying block."""
    hz = dice.between(230.0, 340.0) / 60.0
    plan = Plan(
        Rhythm.OTHER,
        breath,
        atrial_waves=AtrialWaves(hz, dice.between(0.07, 0.3), sawtooth=True, phase=dice.uniform()),
    )
    block = (2, 3, 4, 0)[dice.which((0.35, 0.15, 0.25, 0.25))]
    r_s = start_s
    while r_s < end_s:
        waves = block or (2, 3, 4, 5, 6)[dice.which((0.35, 0.2, 0.3, 0.05, 0.1))]
        r_s += waves / hz
        plan.add(r_s + 0.006 * dice.normal())
    return plan


def paced(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan a ventricular pacemaker: alone, following the atria, over fibrillation, or on demand."""
    tracks = dice.chance(0.45)
    fibrillates = not tracks and dice.chance(0.35)
    waves = AtrialWaves(dice.between(4.0, 9.0), dice.between(0.0, 0.08), sawtooth=False) if fibrillates else None
    plan = Plan(Rhythm.OTHER, breath, atrial_waves=waves)
    node = draw_sinus_node(dice, breath, low_bpm=50.0, high_bpm=110.0)
    base_s, pr_s = 60.0 / dice.between(50.0, 95.0), dice.between(0.11, 0.2)
    own = dice.between(0.05, 0.35) if dice.chance(0.35) else 0.0
    r_s = start_s
    while r_s < end_s:
        if dice.chance(own):
            atrial = Atrial.NONE if fibrillates else Atrial.SINUS
            r_s = plan.add(r_s + base_s * dice.between(0.7, 0.97), Form.NORMAL, BeatClass.NORMAL, atrial, node.pr_s)
        elif tracks:
            r_s += node.interval_s(dice, r_s)
            plan.add(r_s, Form.PACED, BeatClass.UNKNOWN, Atrial.SINUS, pr_s)
        else:
            r_s = plan.add(r_s + base_s * (1.0 + 0.002 * dice.normal()), Form.PACED, BeatClass.UNKNOWN)
    return plan


def wenckebach(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan second-degree block, Mobitz I: conduction takes longer from beat to beat until one P is blocked."""
    plan = Plan(Rhythm.OTHER, breath)
    node = draw_sinus_node(dice, breath, low_bpm=55.0, high_bpm=110.0)
    cycle, first_s, growth_s = dice.whole(3, 6), dice.between(0.16, 0.24), dice.between(0.05, 0.12)
    p_s, place = start_s, dice.whole(0, cycle - 1)
    while p_s < end_s:
        if place == cycle - 1:
            plan.blocked_p_s.append(p_s)
        else:
            # Each step is smaller than the one before, so that R to R shortens up to the pause.
            pr_s = min(first_s + growth_s * sum(0.6**step for step in range(place)), 0.55 * node.mean_s)
            plan.add(p_s + pr_s + 0.04, Form.NORMAL, BeatClass.NORMAL, Atrial.SINUS, pr_s)
        p_s += node.interval_s(dice, p_s)
        place = (place + 1) % cycle
    return plan


def fixed_block(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan second-degree block in which every second or third P comes through, or Mobitz II."""
    plan = Plan(Rhythm.OTHER, breath)
    node = draw_sinus_node(dice, breath, low_bpm=60.0, high_bpm=115.0)
    conducted, blocked = ((1, 1), (1, 2), (2, 1), (3, 1))[dice.which((0.55, 0.1, 0.2, 0.15))]
    p_s, place, pr_s = start_s, 0, min(dice.between(0.13, 0.26), 0.5 * node.mean_s)
    while p_s < end_s:
        if place < conducted:
            plan.add(p_s + pr_s + 0.04, Form.NORMAL, BeatClass.NORMAL, Atrial.SINUS, pr_s)
        else:
            plan.blocked_p_s.append(p_s)
        p_s += node.interval_s(dice, p_s)
        place = (place + 1) % (conducted + blocked)
    return plan


def complete_block(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan third-degree block: P waves march through an escape rhythm, junctional (N) or ventricular (V)."""
    plan = Plan(Rhythm.OTHER, breath)
    node = draw_sinus_node(dice, breath, low_bpm=55.0, high_bpm=115.0)
    junctional = dice.chance(0.6)
    escape = (Form.NORMAL, BeatClass.NORMAL) if junctional else (Form.VENTRICULAR, BeatClass.VENTRICULAR)
    cycle_s = 60.0 / (dice.between(38.0, 55.0) if junctional else dice.between(25.0, 42.0))
    p_s, r_s = start_s - dice.uniform(), start_s
    while p_s < end_s:
        plan.blocked_p_s.append(p_s)
        p_s += node.interval_s(dice, p_s)
    while r_s < end_s:
        r_s = plan.add(r_s + cycle_s * (1.0 + 0.01 * dice.normal()), *escape)
    return plan


def junctional(dice: Dice, breath: Breath, start_s: float, end_s: float) -> Plan:
    """Plan a junctional rhythm, or escape beats of the junction among sluggish sinus beats."""
    plan = Plan(Rhythm.OTHER, breath)
    if dice.chance(0.6):
        cycle_s, r_s = 60.0 / dice.positive(52.0, 0.25, 35.0, 110.0), start_s
        while r_s < end_s:
            r_s = plan.add(r_s + cycle_s * (1.0 + 0.012 * dice.normal()))
        return plan
    escape_s = dice.between(1.15, 1.6)

    def escape(sinus: Sinus, r_s: float, interval_s: float) -> float:
        for _ in range(dice.whole(1, 3)):
            r_s = plan.add(r_s + escape_s * (1.0 + 0.02 * dice.normal()))
        return regular(sinus, r_s, interval_s)

    node = draw_sinus_node(dice, breath, low_bpm=40.0, high_bpm=80.0)
    run(Sinus(dice, plan, node), every(escape, dice.whole(2, 4)), start_s, end_s)
    return plan
