import numpy as np
from rich.text import Text

from edge.cli.console import outcome_line, summary_table
from edge.outcome import Estimated, HeartRate, LabEstimate, Limit, OverBudget, Rejected, Rejection, RhythmMeasured, Span
from edge.rhythm import RhythmLoop
from edge.signal import BeatBlock, Gap, GapReason
from edge.store import OutcomeStore
from edge.summary import RunSummary, summarise
from tests.edge.measured import MEASURED

SPAN = Span(0, 5000, 0.0, 10.0, 0.0)


def said(outcome):
    return Text.from_markup(outcome_line(outcome)).plain


def estimated(bpm, *, above=False):
    rows = (
        LabEstimate("k_low", "Potassium low", 0.91, above),
        LabEstimate("ca_low", "Calcium low", 0.1, above_threshold=False),
    )
    return Estimated(SPAN, HeartRate(bpm, 9), MEASURED, rows, "demo 1 DEMONSTRATION", "litert/xnnpack")


def test_an_estimate_is_shown_with_rate_waves_every_output_and_its_pack():
    line = said(estimated(71.96))
    assert [
        part in line
        for part in (
            "72.0 bpm",
            "sinus, PR 160, QRS 92, QTc 404 ms, 2 V",
            "Potassium low 0.91, Calcium low 0.10",
            "demo 1 DEMONSTRATION",
        )
    ] == [True] * 4


def test_an_estimate_above_its_threshold_stands_out():
    assert "[bold]Potassium low 0.91[/]" in outcome_line(estimated(72.0, above=True))


def test_an_unknown_heart_rate_is_not_a_number():
    assert "-- bpm" in said(estimated(None))


def test_a_rejection_is_shown_with_what_was_measured():
    assert "rejected: flat 9 uV from lowest to highest" in said(
        Rejected(SPAN, Rejection.FLAT, "9 uV from lowest to highest")
    )


def test_a_rejection_shows_the_heart_rate_where_it_can_be_measured_all_the_same():
    line = said(Rejected(SPAN, Rejection.NOISY, "waves can be measured in 5 of 10 s", MEASURED))
    assert line.endswith("waves can be measured in 5 of 10 s  72.3 bpm")


def test_over_budget_is_shown_with_the_hop_in_force():
    line = said(OverBudget(SPAN, Limit.LATENCY_P99, 220.0, 100.0, 20.0))
    assert "over budget: latency_p99_ms 220 of 100, windows every 20 s" in line


def test_samples_add_up_in_the_summary(tmp_path):
    summary = RunSummary("a", "sent", 10, 7, 3, 1, 1, 0, {}, {}, 1.0, "p", tmp_path, {"battery_percent": 80})
    cells = [cell for column in summary_table(summary).columns for cell in column.cells]
    assert [text in cells for text in ("10 sent = 7 stored + 3 lost", "battery percent", "80")] == [True] * 3


def test_a_rhythm_is_shown_with_every_figure_and_what_was_left_out():
    line = said(RhythmMeasured(SPAN, HeartRate(71.96, 73), 833.8, 44.6, 31.2, 12.4, 72, 2))
    assert "72.0 bpm  RR 834 ms  SDNN 45 ms  RMSSD 31 ms  pNN50 12 %  2 of 72 left out" in line


def test_a_share_that_is_not_known_is_not_shown():
    assert "pNN50" not in said(RhythmMeasured(SPAN, HeartRate(72.0, 19), 833.0, 45.0, 31.0, None, 18, 2))


def test_intervals_are_called_so_in_the_summary(tmp_path):
    with OutcomeStore.open(tmp_path / "a.db") as store, store.run("strap") as run:
        block = BeatBlock(np.ones(61), 3, 3.0, 0.1, Gap(0, 3, GapReason.DISCONNECTED), 3.0)
        loop = RhythmLoop()
        run.append_beats(block, loop.push(block))
        run.end(loop.finish())
    summary = summarise(loop, run, source="strap", counted_as="sent", samples=64, store=store.path)
    figures = summary.as_json()
    assert [figures[name] for name in ("intervals_sent", "intervals_stored", "intervals_lost")] == [64, 61, 3]
    assert [figures[name] for name in ("windows", "outcomes", "rejected", "pack")] == [2, 2, {"ended": 1}, None]
    cells = [cell for column in summary_table(summary).columns for cell in column.cells]
    assert [text in cells for text in ("intervals", "64 sent = 61 stored + 3 lost", "pack")] == [True, True, False]
