from rich.text import Text

from edge.cli.console import outcome_line, summary_table
from edge.outcome import Estimated, HeartRate, LabEstimate, Limit, OverBudget, Rejected, Rejection, Span
from edge.summary import RunSummary

SPAN = Span(0, 5000, 0.0, 10.0, 0.0)


def said(outcome):
    return Text.from_markup(outcome_line(outcome)).plain


def estimated(bpm, *, above=False):
    rows = (
        LabEstimate("k_low", "Potassium low", 0.91, above),
        LabEstimate("ca_low", "Calcium low", 0.1, above_threshold=False),
    )
    return Estimated(SPAN, 24.0, HeartRate(bpm, 9), rows, "demo 1 DEMONSTRATION", "litert/xnnpack")


def test_an_estimate_is_shown_with_rate_quality_every_output_and_its_pack():
    line = said(estimated(71.96))
    assert [
        part in line for part in ("72.0 bpm", "24 dB", "Potassium low 0.91, Calcium low 0.10", "demo 1 DEMONSTRATION")
    ] == [True] * 4


def test_an_estimate_above_its_threshold_stands_out():
    assert "[bold]Potassium low 0.91[/]" in outcome_line(estimated(72.0, above=True))


def test_an_unknown_heart_rate_is_not_a_number():
    assert "-- bpm" in said(estimated(None))


def test_a_rejection_is_shown_with_what_was_measured():
    assert "rejected: flat 9 uV from lowest to highest" in said(
        Rejected(SPAN, Rejection.FLAT, "9 uV from lowest to highest")
    )


def test_over_budget_is_shown_with_the_hop_in_force():
    line = said(OverBudget(SPAN, Limit.LATENCY_P99, 220.0, 100.0, 20.0))
    assert "over budget: latency_p99_ms 220 of 100, windows every 20 s" in line


def test_samples_add_up_in_the_summary(tmp_path):
    summary = RunSummary("a", "sent", 10, 7, 3, 1, 1, 0, {}, {}, 1.0, "p", tmp_path, {"battery_percent": 80})
    cells = [cell for column in summary_table(summary).columns for cell in column.cells]
    assert [text in cells for text in ("10 sent = 7 stored + 3 lost", "battery percent", "80")] == [True] * 3
