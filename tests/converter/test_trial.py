"""Candidates on trial: the mixed one is the cheapest that passes, and a pack says what was measured."""

import json
from dataclasses import replace

import numpy as np
import pytest

from converter.calibration import network_inputs, synthetic_windows, with_artefacts
from converter.candidate import Source, build
from converter.ecgfounder.checkpoint import Checkpoint
from converter.gate import Gate
from converter.quantise import Mode
from converter.sensitivity.placement import cheapest_within
from converter.target import Target
from converter.trial import Examination, Stopwatch
from edge.manifest import Manifest
from edge.model import open_model
from edge.preprocess import ECGFOUNDER
from tests.conftest import ASKS_NOTHING, IDENTITY
from tests.converter.networks import SMALL, random_weights

CALIBRATION, VERIFICATION = synthetic_windows(ECGFOUNDER, 16, seed=1), synthetic_windows(ECGFOUNDER, 16, seed=2)
SPOILT = with_artefacts(VERIFICATION, seed=0)
NEVER = replace(ASKS_NOTHING, most_flips=-1.0)
"""A gate that nothing passes, though it bears much noise."""


def a_source():
    inputs = network_inputs(CALIBRATION, ECGFOUNDER)
    return Source(Checkpoint.of_state_dict(random_weights(SMALL, seed=0)), Target.LITERT, inputs)


@pytest.fixture(scope="module")
def source():
    return a_source()


def an_examination(source, gate=ASKS_NOTHING, **changes):
    asked = {"spoilt": None, "accept": frozenset(), "identity": IDENTITY, **changes}
    return Examination(
        source, preprocessing=ECGFOUNDER, verification=VERIFICATION, gate=gate, watch=Stopwatch(), **asked
    )


def the_mixed(source, gate, **changes):
    (trial,) = an_examination(source, gate, **changes).trials([Mode.MIXED])
    return trial


def at_the_median(source):
    """The identity with thresholds that half of the calibration windows reach, so that decisions change easily."""
    thresholds = 1 / (1 + np.exp(-np.median(source.ranges.logits, axis=0)))
    rows = [row.model_copy(update={"threshold": float(t)}) for row, t in zip(IDENTITY.outputs, thresholds, strict=True)]
    return replace(IDENTITY, outputs=tuple(rows))


def test_a_gate_that_asks_nothing_takes_the_cheapest_placement_within_what_it_bears(source):
    assert the_mixed(source, ASKS_NOTHING).candidate.step is cheapest_within(
        source.frontier, ASKS_NOTHING.bearable_noise
    )


@pytest.mark.parametrize("gate", [Gate(0.99, 0.9, 1.0, 1.0), replace(ASKS_NOTHING, most_flips=0.0)])
def test_the_search_stops_at_the_first_placement_that_passes(source, gate):
    identity = at_the_median(source)
    examination = an_examination(source, gate, identity=identity, spoilt=SPOILT)
    chosen = the_mixed(source, gate, identity=identity, spoilt=SPOILT)
    reference = examination._said(build(source, Mode.FLOAT, identity.outputs))
    step = cheapest_within(source.frontier, gate.bearable_noise)
    while step is not chosen.candidate.step:
        assert step.noise > chosen.candidate.step.noise
        assert examination._trial(Mode.MIXED, reference, step).refused
        step = cheapest_within(source.frontier, step.noise / 2)
    assert not chosen.refused


def test_a_tighter_gate_takes_a_placement_that_costs_more(source):
    gates = [ASKS_NOTHING, Gate(0.95, 0.8, 1.0, 1.0), Gate(0.999, 0.99, 1.0, 1.0)]
    trials = [the_mixed(source, gate) for gate in gates]
    assert not any(trial.refused for trial in trials)
    costs = [trial.candidate.step.cost for trial in trials]
    assert costs == sorted(set(costs))


def test_the_search_ends_at_the_most_exact_placement(source):
    trial = the_mixed(source, NEVER)
    assert trial.candidate.step is source.frontier[0]
    assert trial.refused == tuple(sorted(row.id for row in IDENTITY.outputs))


def test_the_search_ends_where_another_placement_is_as_exact_as_the_first():
    source = a_source()
    first = source.frontier[0]
    source.__dict__["frontier"] = (first, replace(first, cost=first.cost / 2), *source.frontier[1:])
    assert the_mixed(source, NEVER).candidate.step is first


def test_accepted_losses_end_the_search(source):
    accept = frozenset(row.id for row in IDENTITY.outputs)
    trial = the_mixed(source, NEVER, accept=accept)
    assert (trial.refused, trial.failures.keys()) == ((), accept)
    assert trial.candidate.step is cheapest_within(source.frontier, NEVER.bearable_noise)


def test_trials_come_in_the_order_in_which_they_are_asked_for(source):
    trials = an_examination(source, spoilt=SPOILT).trials([Mode.DYNAMIC, Mode.FLOAT])
    assert [trial.candidate.mode for trial in trials] == [Mode.DYNAMIC, Mode.FLOAT]


def test_float_is_the_reference_and_agrees_with_itself(source):
    (trial,) = an_examination(source, Gate(), spoilt=SPOILT).trials([Mode.FLOAT])
    assert (trial.failures, trial.clean.max_abs_logit, trial.spoilt.max_abs_logit) == ({}, 0.0, 0.0)


def test_logits_of_the_pack_are_those_that_were_compared(source):
    examination = an_examination(source, spoilt=SPOILT)
    (trial,) = examination.trials([Mode.FULL])
    model = open_model(examination.pack(trial.candidate, trial.clean))
    said = model.logits(model.infer_all(model.quantise(model.preprocess(SPOILT.millivolts)), 1))
    np.testing.assert_allclose(said, trial.spoilt.actual, atol=1e-5)


@pytest.mark.parametrize(
    ("mode", "lowest", "highest"), [(Mode.FULL, 6, 32), (Mode.DYNAMIC, 0.1, 1), (Mode.FLOAT, 0.01, 0.01)]
)
def test_kernel_families_may_differ_as_far_as_the_model_and_float_do_within_bounds(source, mode, lowest, highest):
    examination = an_examination(source)
    (trial,) = examination.trials([mode])
    far = replace(trial.clean, outputs=tuple(replace(row, max_abs_logit=1e3) for row in trial.clean.outputs))
    near = replace(trial.clean, outputs=tuple(replace(row, max_abs_logit=0.0) for row in trial.clean.outputs))
    tolerances = [examination.pack(trial.candidate, clean).self_test.tolerance for clean in (near, trial.clean, far)]
    assert (tolerances[0], tolerances[2]) == (lowest, highest)
    assert lowest <= tolerances[1] <= highest


def test_a_manifest_without_what_rows_say_of_conversion_reads_as_before(source):
    examination = an_examination(source)
    (trial,) = examination.trials([Mode.FLOAT])
    manifest = examination.pack(trial.candidate, trial.clean).manifest
    older = json.loads(manifest.model_dump_json())
    for row in older["outputs"]:
        del row["accepted_loss"], row["logit_scale"], row["logit_offset"]
    assert Manifest.model_validate_json(json.dumps(older)) == manifest


def test_a_stopwatch_sums_the_time_of_a_stage_and_counts_a_stage_that_fails():
    watch = Stopwatch()
    with watch.timing("one"):
        pass
    once = watch.seconds["one"]
    with pytest.raises(ValueError, match="broken"), watch.timing("one"):
        raise ValueError("broken")
    with watch.timing("two"):
        pass
    assert watch.seconds["one"] > once > 0
    assert watch.seconds.keys() == {"one", "two"}
