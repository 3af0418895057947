"""From trained weights to packs, and what cross-validation makes of them: on a few recordings, with random weights."""

import json

import numpy as np
import pytest

from converter.evaluation.evaluate import What
from converter.quantise import Mode
from converter.training.waves import cross_validation as cv
from converter.training.waves import pack
from converter.training.waves.folds import N_FOLDS, fold_of_patients
from converter.waves.architecture import WAVES_NETWORK
from edge.pack import read_waves_pack
from edge.waves.network import open_waves_model
from tests.converter.labelled_waves import labelled
from tests.converter.waves.networks import random_weights

LUDB_RECORDS = (1, 3, 5, 7, 9)
STAGES = ("pretrain", "transfer-0", "final")
PEOPLE = [labelled("mitdb", str(i), classes=[i % 5] * 30) for i in range(7)]
WAVES_PART = "waves"


@pytest.fixture(scope="module")
def few(data_dir, tmp_path_factory):
    """A folder of data with five records of LUDB; the other sets are whole."""
    folder = tmp_path_factory.mktemp("data")
    for name in ("mitdb", "cpsc2021", "cinc2021", "cinc2017", "nstdb"):
        (folder / name).symlink_to(data_dir / name, target_is_directory=True)
    (folder / "ludb" / "data").mkdir(parents=True)
    for path in (data_dir / "ludb" / "data").iterdir():
        if int(path.stem) in LUDB_RECORDS:
            (folder / "ludb" / "data" / path.name).symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What the training leaves, but that nothing was learnt."""
    folder = tmp_path_factory.mktemp("trained")
    for seed, stage in enumerate(STAGES):
        np.savez(folder / f"{stage}.npz", **random_weights(WAVES_NETWORK, seed))
    return folder


@pytest.fixture(scope="module")
def packed(trained, few):
    """The same with its packs."""
    pack.main([str(trained), "--data", str(few)])
    return trained


def test_the_network_of_the_synthetic_heart_was_taught_by_nobody():
    assert pack.taught_by("pretrain", PEOPLE) == []


def test_the_final_network_was_taught_by_all():
    assert pack.taught_by("final", PEOPLE) == PEOPLE


@pytest.mark.parametrize("fold", range(N_FOLDS))
def test_the_network_of_a_fold_was_taught_by_all_others(fold):
    of = fold_of_patients(PEOPLE)
    assert {of[r.patient] for r in pack.taught_by(f"transfer-{fold}", PEOPLE)} == set(range(N_FOLDS)) - {fold}


def test_int8_must_hold_windows_of_people_and_synthetic_ones():
    assert pack.calibration_inputs(PEOPLE).shape == (60 + 83, 2560)


def test_without_people_int8_must_hold_synthetic_windows_alone():
    assert pack.calibration_inputs([]).shape == (3 * 83, 2560)


def test_each_stage_becomes_an_int8_pack_and_a_float_one(packed):
    names = {path.stem for path in packed.glob("*.tflite")}
    assert names == {name for stage in STAGES for name in (stage, f"{stage}-float")}


@pytest.mark.parametrize(("name", "quantisation"), [("transfer-0", "static_int8"), ("transfer-0-float", "float")])
def test_the_packs_are_what_they_are_called(packed, name, quantisation):
    made = read_waves_pack(packed / f"{name}.tflite")
    assert made.manifest.quantisation == quantisation


def test_a_packs_self_test_passes(packed):
    assert open_waves_model(read_waves_pack(packed / "final.tflite")).window_samples == 2560


def test_a_pack_of_the_synthetic_heart_says_so(packed):
    training = [
        read_waves_pack(packed / f"{n}.tflite").manifest.provenance.training_data for n in ("pretrain", "final")
    ]
    assert "MIT-BIH" not in training[0]
    assert "MIT-BIH" in training[1]


def test_packs_that_are_there_are_not_made_again(packed, few, capsys):
    pack.main([str(packed), "--data", str(few)])
    assert capsys.readouterr().out == ""


def test_the_pack_that_ships_has_the_figures_of_the_cross_validation(trained, few, tmp_path, capsys):
    figures = {"beats": {"se": 0.99, "measured": "in a dream"}}
    found = {"beats": {"transfer": {"headlines": {"se": [0.99, 0.98, 1.0]}, "records": {"101": {"se": 0.99}}}}}
    (trained / "cross_validation.json").write_text(json.dumps({"figures": figures, "findings": found}))
    pack.main([str(trained), "--data", str(few), "-o", str(tmp_path / "waves.tflite")])
    assert read_waves_pack(tmp_path / "waves.tflite").manifest.figures == figures
    kept = json.loads((tmp_path / "waves.training.json").read_text())
    assert kept == {"beats": {"transfer": {"se": [0.99, 0.98, 1.0]}}}
    assert "bytes" in capsys.readouterr().out


def test_a_float_pack_can_be_made_to_compare_with(trained):
    made = pack.pack_of(trained / "pretrain.npz", [], {}, Mode.FLOAT)
    assert made.manifest.quantisation == "float"


# Cross-validation.


@pytest.fixture(scope="module")
def folds(few):
    return cv.folds_of_records(few)


def test_each_record_that_can_be_learnt_from_has_a_fold(folds):
    assert {name for source, name in folds if source == "ludb"} == {str(n) for n in LUDB_RECORDS}
    assert sum(source == "mitdb" for source, _ in folds) == 22


def test_a_record_is_read_by_the_pack_of_its_fold(packed, few, folds):
    readers = cv.Readers(packed, {("ludb", "1"): 0})
    one = readers.for_record("transfer", few / "ludb" / "data" / "1")
    assert one is not None
    assert readers.for_record("transfer", few / "ludb" / "data" / "1") == one
    assert folds["ludb", "1"] in range(N_FOLDS)


def test_a_float_pack_is_another_way(packed, few):
    readers = cv.Readers(packed, {("ludb", "1"): 0})
    assert readers.for_record("transfer-float", few / "ludb" / "data" / "1") != readers.for_record(
        "transfer", few / "ludb" / "data" / "1"
    )


def test_a_record_nobody_learnt_from_has_no_fold_and_is_passed_over(packed, few):
    readers = cv.Readers(packed, {})
    assert readers.for_record("transfer", few / "ludb" / "data" / "1") is None
    assert list(cv.evaluated(cv.PARTS[WAVES_PART], "transfer", readers, few)) == []


def test_quality_is_asked_with_noise_added(packed, few):
    part = cv.Part(What.QUALITY, ("ludb",), "ii", ())
    told = []
    results = list(cv.evaluated(part, "pretrain", cv.Readers(packed, {("ludb", "1"): 0}), few, told.append))
    assert (len(results), told) == (1, ["1"])


@pytest.fixture(scope="module")
def compared(packed, few, tmp_path_factory):
    """The packs of all folds and ways, which here are all of one network, and what was made of them."""
    folder = tmp_path_factory.mktemp("compared")
    for way in cv.WAYS:
        kind, _, suffix = way.partition("-")
        for fold in range(N_FOLDS):
            name = kind if kind == "pretrain" else f"{kind}-{fold}"
            pack_path = packed / ("final-float.tflite" if suffix else "final.tflite")
            (folder / f"{name}{'-' if suffix else ''}{suffix}.tflite").write_bytes(pack_path.read_bytes())
    (folder / "cross_validation.json").write_text(json.dumps({"figures": {"before": {}}, "findings": {}}))
    cv.main([str(folder), "--data", str(few), "--parts", WAVES_PART])
    return json.loads((folder / "cross_validation.json").read_text())


def test_ways_are_put_side_by_side(compared):
    assert set(compared["findings"][WAVES_PART]) == set(cv.PARTS[WAVES_PART].ways)


def test_the_same_network_does_as_well_in_every_fold_and_way(compared):
    found = compared["findings"][WAVES_PART]
    assert found["transfer"]["headlines"] == found["scratch"]["headlines"] == found["pretrain"]["headlines"]


def test_figures_of_the_transferred_network_say_what_they_were_measured_on(compared):
    assert compared["figures"][WAVES_PART]["measured"].startswith("5 recordings of ludb, cross-validated by patient")


def test_parts_that_were_measured_before_stay(compared):
    assert set(compared["figures"]) == {"before", WAVES_PART}
