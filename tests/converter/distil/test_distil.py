"""Teacher to student, from end to end; what teaches here draws weights at random, so that no torch is needed."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from converter.cli.distillation import answers_table, distilled_json, distilled_table, loss_table
from converter.distil.contract import PATCH
from converter.distil.course import Course, Epoch, Taught
from converter.distil.distil import Plan, choose, distil
from converter.distil.emit import random_weights
from converter.distil.errors import DistilError, DistilFault
from converter.distil.identity import StudentNames
from converter.distil.measure import EVERY_KIND
from converter.distil.recorded import People
from converter.distil.windows import HEART, RHYTHMS, Batch
from converter.patch.needs import needs_of_pack
from edge.boards import Room
from edge.model import open_model
from edge.pack import SHIPPED, parse_pack, read_pack

ROOM = Room(60_000, 20_000)


def draw_weights(architecture, task, course, *, seed, advance, tell):
    """Teach nothing: the student is as it was drawn."""
    epoch = Epoch(1, 1.0, 1.0, is_best=True, wall_s=0.0)
    advance(course.epochs * len(task.training))
    tell(epoch)
    return Taught(random_weights(architecture, seed), (epoch,))


class Noted:
    """Keeps what it is told."""

    def __init__(self):
        self.totals, self.done, self.epochs = {}, {}, []

    def stage(self, name, total):
        self.totals[name], self.done[name] = total, 0

        def advance(n):
            self.done[name] += n

        return advance

    def tell(self, epoch):
        self.epochs.append(epoch)


NAMES = StudentNames("student", "0.1.0", "nrf52840")


def made(teacher, watch=None, room=ROOM, labelled=None, needs_of=needs_of_pack):
    return distil(
        teacher,
        Plan(room, choose(teacher, room, needs_of), n_windows=80, seed=3, course=Course(epochs=1)),
        NAMES,
        people=People(),
        labelled=labelled,
        teach=draw_weights,
        needs_of=needs_of,
        watch=watch or Noted(),
    )


@pytest.fixture(scope="module")
def teacher():
    return read_pack(SHIPPED)


@pytest.fixture(scope="module")
def watch():
    return Noted()


@pytest.fixture(scope="module")
def distilled(teacher, watch):
    draws = np.random.default_rng(0)
    windows = draws.normal(0, 1, (12, 5000)).astype(np.float32)
    labels = np.tile(np.array([[0], [1], [np.nan]], np.float32), (4, 6))
    return made(teacher, watch, labelled=Batch(windows, "labelled", np.arange(12), labels))


def test_the_student_is_a_pack_that_passes_its_self_test_when_read_again(distilled):
    pack = parse_pack(distilled.pack.to_bytes())
    model = open_model(pack)
    assert (model.contract, pack.manifest.quantisation) == (PATCH, "static_int8")
    assert pack.self_test.windows_uv.shape == (4, 1250)
    assert len(pack.self_test.outputs) >= 1


def test_its_manifest_says_whose_student_it_is_what_it_needs_and_what_was_lost(distilled, teacher):
    manifest = distilled.pack.manifest
    assert (manifest.board, manifest.provenance.demonstration, manifest.label) == (
        "nrf52840",
        True,
        "student 0.1.0 DEMONSTRATION",
    )
    assert teacher.manifest.model_sha256 in manifest.provenance.training_data
    assert teacher.manifest.provenance.limits in manifest.provenance.limits
    assert (manifest.lead, manifest.budget) == (teacher.manifest.lead, teacher.manifest.budget)
    assert manifest.patch == distilled.needs == needs_of_pack(distilled.pack)
    assert distilled.pack.parity["student_of"]["model_sha256"] == teacher.manifest.model_sha256
    assert [row.id for row in manifest.outputs] == [row.id for row in teacher.manifest.outputs]
    assert [row.threshold for row in manifest.outputs] == [row.threshold for row in teacher.manifest.outputs]
    assert all("held-back windows: correlation" in row.accepted_loss for row in manifest.outputs)


def test_the_students_own_figures_stand_in_the_place_of_its_teachers(distilled):
    by_id = {answer.output_id: answer for answer in distilled.measured.synthetic}
    for row in distilled.pack.manifest.outputs:
        answer = by_id.get(row.id)
        expected = None if answer is None else pytest.approx(answer.student.value, abs=1e-4)
        assert row.auroc_pooled == expected


def test_figures_are_of_held_back_windows_of_each_kind(distilled):
    assert [loss.windows for loss in distilled.measured.losses] == [EVERY_KIND, HEART, RHYTHMS]
    whole, *parts = (loss.n_windows for loss in distilled.measured.losses)
    assert whole == sum(parts)
    assert {(answer.n_windows, answer.n_positive) for answer in distilled.measured.labelled} == {(8, 4)}


def test_int8_is_compared_with_the_students_own_float(distilled):
    kept = distilled.pack.parity["float_vs_int8"]
    assert kept["n_windows"] == distilled.measured.losses[0].n_windows
    assert {row["output_id"] for row in kept["outputs"]} == {row.id for row in distilled.pack.manifest.outputs}
    assert distilled.measured.parity.spearman_min > 0.9


def test_it_is_the_largest_that_has_room(distilled):
    assert distilled.needs.flash_bytes <= ROOM.flash_bytes
    assert distilled.needs.ram_bytes + distilled.needs.stack_bytes <= ROOM.ram_bytes
    assert distilled.architecture.n_parameters > 30_000


def test_every_window_is_told_of(watch, distilled):
    assert watch.totals == watch.done
    assert list(watch.totals) == ["asking the teacher", "teaching the student"]
    assert tuple(watch.epochs) == distilled.epochs


def test_the_same_seed_makes_the_same_pack(teacher, distilled):
    again = made(teacher)
    assert (again.pack.model, again.pack.manifest) == (distilled.pack.model, distilled.pack.manifest)


def test_a_budget_too_small_for_any_is_refused_before_the_teacher_is_asked(teacher):
    watch = Noted()
    with pytest.raises(DistilError, match="no student has room") as refused:
        made(teacher, watch, Room(5_000, 5_000))
    assert (refused.value.fault, watch.totals) == (DistilFault.DOES_NOT_FIT, {})


def test_a_student_that_needs_more_than_was_foreseen_is_refused(teacher):
    def growing(pack):
        needs, taught = needs_of_pack(pack), pack.manifest.name == NAMES.name
        return needs.model_copy(update={"flash_bytes": needs.flash_bytes + 1_000_000 * taught})

    with pytest.raises(DistilError, match="the student needs") as refused:
        made(teacher, room=Room(20_000, 20_000), needs_of=growing)
    assert refused.value.fault is DistilFault.DOES_NOT_FIT


def test_a_teacher_that_says_the_same_of_everything_has_nothing_to_teach(teacher):
    rows = [row.model_copy(update={"logit_scale": 1e-6}) for row in teacher.manifest.outputs]
    mute = replace(teacher, manifest=teacher.manifest.model_copy(update={"outputs": tuple(rows)}))
    with pytest.raises(DistilError, match="says the same of") as refused:
        made(mute, room=Room(20_000, 20_000))
    assert refused.value.fault is DistilFault.UNTEACHABLE


def shown(*renderables, width=80):
    console = Console(file=io.StringIO(), width=width)
    for renderable in renderables:
        console.print(renderable)
    return console.file.getvalue()


def test_what_is_shown_fits_a_narrow_screen_and_names_the_controls(distilled, teacher):
    outputs = teacher.manifest.outputs
    text = shown(
        distilled_table(distilled, ROOM, People(), Path("student.tflite"), 12_345),
        *(loss_table(loss, outputs) for loss in distilled.measured.losses),
        answers_table("Truth", distilled.measured.synthetic, outputs),
    )
    assert "…" not in text
    assert "student 0.1.0 DEMONSTRATION" in text
    assert "Low potassium" in text
    assert "control: no relation to the ECG is modelled" in " ".join(text.split())


def test_of_many_outputs_those_that_follow_least_are_shown(distilled, teacher):
    rows = distilled.measured.losses[0].outputs * 3
    many = [replace(row, output_id=f"o{i}", correlation=i / 100) for i, row in enumerate(rows)]
    outputs = [
        teacher.manifest.outputs[0].model_copy(update={"id": row.output_id, "name": row.output_id}) for row in many
    ]
    text = shown(loss_table(replace(distilled.measured.losses[0], outputs=tuple(many)), outputs))
    assert "o11" in text
    assert "o12" not in text
    assert "6 more outputs follow more closely" in text


def test_machines_are_told_everything_as_json(distilled):
    said = distilled_json(distilled, ROOM, People(), Path("student.tflite"), 12_345)
    again = json.loads(json.dumps(said, allow_nan=False))
    assert again["student_of"]["teacher"] == "demonstration 1.1.0 DEMONSTRATION"
    assert again["needs"]["flash_bytes"] == distilled.needs.flash_bytes
    assert [loss["windows"] for loss in again["losses"]] == [loss.windows for loss in distilled.measured.losses]
    assert again["budget"] == {"flash_bytes": 60_000, "ram_bytes": 20_000}


def test_a_teacher_that_gives_no_number_is_refused(teacher):
    rows = [row.model_copy(update={"logit_offset": float("inf")}) for row in teacher.manifest.outputs]
    mad = replace(teacher, manifest=teacher.manifest.model_copy(update={"outputs": tuple(rows)}))
    with pytest.raises(DistilError, match="not a number"):
        made(mad, room=Room(20_000, 20_000))
