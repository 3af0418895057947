"""The counts as Markdown."""

from collections.abc import Sequence

from benchmarks.pairs.counting import Counted, Spread
from benchmarks.pairs.measuring import Plan


def page(counted: Counted, plan: Plan, *, machine: str, commit: str, date: str, minutes: float) -> str:
    """Write all that was counted, with where and how.

    Parameters
    ----------
    counted, plan
        What was found, of what.
    machine, commit, date
        Where, of what source, when.
    minutes
        How long it took.
    """
    what = "whole" if plan.everything else "of the networks alone"
    lines = [
        "# Does `bench compare` cry wolf, and does it see one?",
        "",
        f"{plan.n_results} results ({what}: `{plan.settings.line}`), one after the other, in {minutes:.1f} minutes; "
        f"{counted.noisy} call the machine noisy, and widen their intervals.",
        f"{machine}; commit {commit or 'of a release'}; {date}.",
        "",
        "| asked | found |",
        "|---|---|",
        f"| pairs of the same commit called different | {counted.called_different} |",
        f"| any two results of the same commit called different (not independent) | {counted.any_two} |",
    ]
    if counted.caught.of:
        lines += [
            f"| slow-downs by {plan.slow_percent:g} % called a regression | {counted.caught} |",
            f"| rows of slowed networks called slower | {counted.caught_rows} |",
        ]
    lines += ["", "## The same commit: the ratio is 1", "", *_table(counted.same)]
    if counted.slow:
        lines += [
            "",
            f"## Slower by {plan.slow_percent:g} %: `inference` is {1.0 + plan.slow_percent / 100.0:.2f}, the rest 1",
            "",
            "Each timed run of a network is followed by work in Python for that share of the run's own time.",
            "",
            *_table(counted.slow),
        ]
    return "\n".join(lines) + "\n"


def _table(spreads: Sequence[Spread]) -> list[str]:
    rows = [
        f"| {one.name} | {one.middle:.3f} ({one.low:.3f} - {one.high:.3f}) | {100.0 * one.half_width:.1f} % "
        f"| {one.covered} | {one.called} |"
        for one in spreads
    ]
    heading = "| quantity | ratio: median (range) | half of the 95 % interval | intervals with the truth | called |"
    return [heading, "|---|---|---|---|---|", *rows]
