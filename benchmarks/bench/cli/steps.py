"""Steps of a measurement with a bar for people: what is measured now, how much is left."""

from collections.abc import Iterator

from benchmarks.bench.measuring.plan import Step
from edge.cli.console import errors, progress_bar


def with_progress(steps: list[Step]) -> Iterator[Step]:
    """Give the steps one after the other; how long they take together is said before the first one."""
    seconds = sum(step.seconds for step in steps)
    errors.print(f"{len(steps)} processes, about {_words(seconds)}")
    bar = progress_bar()
    bar.live.auto_refresh = False  # it would take processor time from what is measured
    with bar:
        task = bar.add_task("", total=len(steps))
        for step in steps:
            bar.update(task, description=step.what, refresh=True)
            yield step
            bar.advance(task)


def _words(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90.0 else f"{seconds / 60.0:.0f} minutes"  # noqa: PLR2004
