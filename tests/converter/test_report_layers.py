"""Errors are measured where they are born."""

import dataclasses
import math

import numpy as np
import pytest

from converter.calibration import network_inputs, synthetic_windows
from converter.ecgfounder.checkpoint import Checkpoint
from converter.ecgfounder.emit import emit
from converter.quantise import Mode, quantise
from converter.report.layers import layer_errors
from converter.target import Target
from edge.preprocess import ECGFOUNDER
from tests.converter.networks import SMALL, random_weights

CALIBRATION = network_inputs(synthetic_windows(ECGFOUNDER, 16, seed=1), ECGFOUNDER)
INPUTS = network_inputs(synthetic_windows(ECGFOUNDER, 8, seed=2), ECGFOUNDER)[:2]
WEIGHTS = random_weights(SMALL, seed=0)
BLOCK = "stage_list.1.block_list.0"


def graph(weights=WEIGHTS, target=Target.LITERT):
    return emit(Checkpoint.of_state_dict(weights), ECGFOUNDER.window_samples, target=target)


@pytest.fixture(scope="module")
def full():
    float_model = graph()
    return layer_errors(float_model, quantise(float_model, Mode.FULL, CALIBRATION), INPUTS)


def test_a_graph_compared_with_itself_has_no_error():
    float_model = graph()
    rows = layer_errors(float_model, float_model, INPUTS)
    assert {(row.arithmetic, row.sqnr_db, row.lost_db, row.rms_error) for row in rows} == {("float", math.inf, 0, 0)}


def test_an_error_put_into_one_layer_is_seen_there_and_after_it():
    worse = {**WEIGHTS, f"{BLOCK}.conv2.conv.weight": WEIGHTS[f"{BLOCK}.conv2.conv.weight"] * np.float32(1.01)}
    rows = layer_errors(graph(), graph(worse), INPUTS)
    names = [row.name for row in rows]
    place = names.index("s1b0/c2")
    assert [row.name for row in rows if math.isinf(row.lost_db)] == ["s1b0/c2"]
    assert {row.sqnr_db for row in rows[:place]} == {math.inf}
    assert rows[place].sqnr_db == pytest.approx(40.0, abs=1.5)  # a hundredth, but of the bias none
    assert rows[-1].rms_error > 0


def test_a_full_int8_graph_has_an_error_everywhere(full):
    assert {row.arithmetic for row in full} == {"int8"}
    assert all(0 < row.rms_error < row.rms_value for row in full)


def test_errors_are_in_the_tensor_s_own_unit(full):
    for row in full:
        assert row.sqnr_db == pytest.approx(20 * math.log10(row.rms_value / row.rms_error))
        assert row.rms_error <= row.max_abs_error


def test_what_a_layer_loses_is_told_against_its_worst_input(full):
    by_name = {row.name: row for row in full}
    lost = by_name["s1b0/c2"].lost_db
    assert lost == pytest.approx(by_name["s1b0/a2/swish"].sqnr_db - by_name["s1b0/c2"].sqnr_db)


def test_values_beyond_the_calibrated_range_are_counted_as_clipped():
    float_model = graph()
    narrow = quantise(float_model, Mode.FULL, 0.1 * CALIBRATION)
    rows = {row.name: row for row in layer_errors(float_model, narrow, INPUTS)}
    assert rows["first"].clipped > 0.05
    wide = {row.name: row for row in layer_errors(float_model, quantise(float_model, Mode.FULL, INPUTS), INPUTS)}
    assert wide["first"].clipped == 0


def test_a_dynamic_graph_says_which_layers_round():
    float_model = graph()
    rows = layer_errors(float_model, quantise(float_model, Mode.DYNAMIC, CALIBRATION), INPUTS)
    kinds = {(row.kind, row.arithmetic) for row in rows}
    assert {("CONV_2D", "dynamic"), ("ADD", "float"), ("FULLY_CONNECTED", "float")} <= kinds
    assert ("MUL", "dynamic") not in kinds


def test_both_variants_of_a_graph_are_measured_alike(full):
    float_model = graph(target=Target.TFLITE_RUNTIME)
    rows = layer_errors(float_model, quantise(float_model, Mode.FULL, CALIBRATION), INPUTS)
    split = {row.name: row for row in rows}
    assert [dataclasses.astuple(split[row.name])[3:6] for row in full] == [
        pytest.approx(dataclasses.astuple(row)[3:6], rel=0.05) for row in full
    ]
