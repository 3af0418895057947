"""The report of a conversion that took place says what took place."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from converter.calibration import synthetic_windows, with_artefacts
from converter.convert import convert
from converter.ecgfounder.checkpoint import Checkpoint
from converter.gate import Gate
from converter.parity import OutputParity
from converter.quantise import Mode
from converter.report.compose import _candidate, _gate, compose
from converter.report.document import as_json
from converter.report.facts import Verdict
from converter.report.page import render, write_report
from converter.torch_check import largest_difference_from_torch
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

CHECKPOINT = Checkpoint.of_state_dict(random_weights(SMALL, seed=0))
UNSEEN = synthetic_windows(ECGFOUNDER, 30, seed=2)
LABELS = np.random.default_rng(0).integers(0, 2, (30, 3)).astype(np.float32)
VERIFICATION = replace(UNSEEN, labels=LABELS)


def made(mode, gate=ASKS_NOTHING, accept=frozenset()):
    """A conversion, and its report."""
    pack, done = convert(
        CHECKPOINT,
        IDENTITY,
        preprocessing=ECGFOUNDER,
        calibration=synthetic_windows(ECGFOUNDER, 16, seed=1),
        verification=VERIFICATION,
        spoilt=with_artefacts(VERIFICATION, seed=0),
        mode=mode,
        gate=gate,
        accept=accept,
    )
    return done, compose(
        pack,
        done,
        checkpoint_name="tuned.pth",
        checkpoint_sha256="ab" * 32,
        pack_bytes=1000,
        seconds=1.5,
        peak_rss_mb=200.0,
        float_vs_torch_max=None,
    )


@pytest.fixture(scope="module")
def chosen():
    """Of the default gate, which int8 throughout does not pass with random weights."""
    return made(None, Gate(most_auroc_shift=1.0))


@pytest.fixture(scope="module")
def full():
    ids = frozenset(row.id for row in IDENTITY.outputs)
    return made(Mode.FULL, Gate(1.0, -1.0, 1.0, 1.0), ids)


def test_every_mode_that_was_tried_is_told_with_what_stood_in_its_way(chosen):
    done, report = chosen
    assert [each.mode for each in report.candidates] == ["full", "mixed", "dynamic"]
    first, *others = report.candidates
    assert (first.passed, "analyte_0_low: rank correlation" in first.why_not, first.median_ms) == (False, True, None)
    assert all((each.passed, each.why_not) == (True, "") for each in others)
    assert report.mode == done.chosen.candidate.mode
    assert min(each.median_ms for each in others) == done.chosen.speed.median_ms


def test_speeds_are_those_of_what_was_timed(chosen):
    _, report = chosen
    assert {speed.name for speed in report.speed} == {"float, litert", "mixed, litert", "dynamic, litert"}


def test_a_conversion_that_kept_everything_has_passed(chosen):
    _, report = chosen
    assert (report.verdict, report.failed, report.accepted) == (Verdict.PASSED, (), ())
    assert [limit.n_outside for limit in report.gate.limits] == [0, 0, 0, 0]


def test_auroc_before_and_after_is_in_the_report(chosen):
    _, report = chosen
    rows = as_json(report)["clean"]["outputs"]
    assert all(0 < row["auroc_float"] < 1 and 0 < row["auroc_converted"] < 1 for row in rows)
    shifts = [abs(row["auroc_converted"] - row["auroc_float"]) for row in rows]
    assert report.gate.limits[-1].measured == max(shifts)


def test_accepted_losses_are_told_apart_from_failures(full):
    _, report = full
    ids = tuple(sorted(row.id for row in IDENTITY.outputs))
    assert (report.verdict, report.failed, report.accepted) == (Verdict.PASSED_WITH_LOSSES, (), ids)
    assert report.gate.limits[0].n_outside == 3


def test_a_single_mode_says_that_it_was_asked_for_and_has_no_frontier(full):
    _, report = full
    assert (report.choices[0].what, report.choices[0].why) == ("mode", "it was asked for")
    assert (report.frontier, report.chosen_step, report.arithmetic) == ((), None, ())
    assert report.n_layer_windows == 4
    assert len(report.layers) > 50


def test_a_mixed_model_has_its_frontier_and_the_arithmetic_of_each_operator():
    done, report = made(Mode.MIXED)
    assert report.frontier[report.chosen_step].noise_sd == done.chosen.candidate.step.noise
    assert {each.arithmetic for each in report.arithmetic} <= {"float", "dynamic", "int8"}
    assert sum(each.noise_share for each in report.arithmetic) == pytest.approx(1.0)


def test_a_float_model_has_no_errors_of_layers():
    _, report = made(Mode.FLOAT)
    assert (report.layers, report.clean.spearman_min) == ((), pytest.approx(1.0))


def test_page_and_figures_are_written_beside_each_other(full, tmp_path):
    _, report = full
    write_report(tmp_path / "report.html", report)
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == render(report)
    figures = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert (figures["mode"], figures["accepted"]) == ("full", sorted(row.id for row in IDENTITY.outputs))


def test_no_more_decisions_are_allowed_in_words_than_in_the_gate(full):
    done, _ = full
    said = _gate(replace(ASKS_NOTHING, most_flips=0.05), done.chosen).limits
    flips = next(limit for limit in said if "decisions" in limit.what)
    assert (flips.what, flips.asked) == ("decisions that changed, of 30 clean windows", "at most 1")


def test_the_worse_of_the_window_sets_is_the_one_where_an_output_has_no_order(full):
    done, _ = full
    none = OutputParity("analyte_0_low", math.nan, 0.5, 0.25, 7)
    spoilt = replace(done.chosen.spoilt, outputs=(none, *done.chosen.spoilt.outputs[1:]))
    for clean, other in ((done.chosen.clean, spoilt), (spoilt, done.chosen.clean)):
        said = _candidate(replace(done.chosen, clean=clean, spoilt=other))
        assert math.isnan(said.spearman_min)


def test_the_float_graph_says_what_the_network_says_in_torch(full):
    pytest.importorskip(
        "torch", reason="torch is not installed: the float graph is not held against it", exc_type=ImportError
    )
    source = full[0].source
    logits = source.ranges.logits[:4]
    assert largest_difference_from_torch(CHECKPOINT, source.inputs[:4], logits) < 1e-5
    assert largest_difference_from_torch(CHECKPOINT, source.inputs[:4], logits + 1) == pytest.approx(1, abs=1e-4)
