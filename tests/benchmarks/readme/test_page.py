"""The block of tables, from findings that are fixed."""

import pytest

from benchmarks.peers.result import Cleaning
from benchmarks.readme.markdown import fraction, number, short
from benchmarks.readme.page import block
from tests.benchmarks.readme.kept import BOARD, CLEANING, FINDINGS, NOISY, QUIET
from tests.benchmarks.readme.make import GOLDEN


def changed(**fields):
    return FINDINGS.model_copy(update=fields)


def said(findings):
    """The block without its line breaks."""
    return " ".join(block(findings).split())


def test_the_block_is_the_golden_one():
    assert block(FINDINGS) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_every_table_is_as_wide_as_its_heading():
    tables = [part.splitlines() for part in block(FINDINGS).split("\n\n") if part.startswith("|")]
    assert len(tables) == 6
    assert all(len({line.count("|") for line in lines}) == 1 for lines in tables)


def test_no_line_of_code_or_of_a_table_is_broken_by_what_stands_in_it():
    assert "None" not in block(FINDINGS)
    assert "nan" not in block(FINDINGS)


def test_a_noisy_machine_is_said_and_widens_the_intervals():
    quiet, noisy = (said(changed(bench=FINDINGS.bench.model_copy(update={"mood": mood}))) for mood in (QUIET, NOISY))
    assert "; quiet machine." in quiet
    assert "**noisy machine, trust it less**: other processes took 91% of it." in noisy
    assert "| network, 1 thread, ms | 0.240 (0.230 - 0.250) |" in quiet
    assert "| network, 1 thread, ms | 0.240 (0.227 - 0.253) |" in noisy


def test_an_accuracy_that_no_manifest_states_is_taken_from_the_same_run():
    assert "full-size 0, static_int8, 32,219,568 bytes" in block(FINDINGS)
    assert "accuracy: median AUROC of 108 outputs, 96 labelled windows: .873" in said(FINDINGS)


def test_what_was_measured_on_a_board_is_not_said_to_be_predicted():
    limit = BOARD.limits[0].model_copy(update={"words": "met, by measurement"})
    assert "nobody has measured it" in said(FINDINGS)
    assert "nobody has measured it" not in said(changed(boards=(BOARD.model_copy(update={"limits": (limit,)}),)))


def test_without_neurokit_the_signals_side_says_so_and_has_no_rates():
    rows = tuple(row.model_copy(update={"rate_error_bpm": {}}) for row in CLEANING.rows)
    alone: Cleaning = CLEANING.model_copy(update={"rows": rows, "missing": {"NeuroKit2": "not installed"}})
    assert "NeuroKit2 was not measured, not installed." in said(changed(cleaning=alone))
    assert "rate error" not in said(changed(cleaning=alone))


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.00000123, "0.0000"), (0.0123, "0.0123"), (1.234, "1.23"), (99.96, "100"), (512.4, "512"),
     (999.7, "1,000"), (12345.6, "12,346"), (-2.5, "-2.50")],
)  # fmt: skip
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2.71, "2.7"), (12.6, "13"), (99.7, "100"), (319.2, "319"), (1319, "1,319")]
)
def test_predictions_have_two_digits(value, text):
    assert short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.999999, "1"), (0.99997, ".99997"), (0.9978, ".9978"), (0.812, ".812"), (-0.1, "-.100")],
)
def test_correlations_have_the_digits_that_tell_them_from_1(value, text):
    assert fraction(value) == text
