"""The student in torch: it is the graph that is written, and it learns to say what its teacher says."""

import numpy as np
import pytest

from converter.distil.architecture import STUDENT
from converter.distil.course import Course, Targets, Task
from converter.distil.emit import emit
from edge.interpreter import open_interpreter
from tests.converter.distil.networks import DEEP, SMALL

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra `train`")

from converter.distil.fit import fit, following_loss, said_of, teach  # noqa: E402
from converter.distil.network import Student  # noqa: E402

NETWORKS = {"small": SMALL, "deep": DEEP, "student": STUDENT}
QUICK = Course(epochs=15, patience=15, batch_size=16, learning_rate=0.02)


def student(architecture, seed=0):
    """One whose normalisations have seen something."""
    torch.manual_seed(seed)
    made = Student(architecture)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm1d):
            module.running_mean.uniform_(-0.2, 0.2)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    return made.eval()


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", range(2))
def test_torch_computes_what_the_graph_does_with_the_normalisations_folded(name, seed):
    made = student(NETWORKS[name], seed)
    x = np.random.default_rng(seed).normal(0, 1, (1, NETWORKS[name].window_samples)).astype(np.float32)
    run = open_interpreter(emit(made.weights(), NETWORKS[name]))
    np.testing.assert_allclose(run.invoke(x[0]), said_of(made, x), rtol=1e-4, atol=1e-5)


def task(n=256, seed=0):
    """How loud windows are, and how loud their beginning: what a few layers can learn."""
    draws = np.random.default_rng(seed)
    loud = np.exp(draws.normal(0, 0.5, (n, 2)))
    x = draws.normal(0, 1, (n, SMALL.window_samples)) * np.repeat(loud, SMALL.window_samples // 2, axis=1)
    said = np.column_stack([np.log(loud), np.log(loud).sum(axis=1)]).astype(np.float32) / 0.5
    inputs = x.astype(np.float32)
    half = n * 3 // 4
    parts = (Targets(inputs[:half], said[:half]), Targets(inputs[half:], said[half:]))
    return Task(*parts, np.zeros(3, np.float32))


def test_who_says_the_same_has_no_loss_and_every_other_has_one():
    wanted, thresholds = torch.randn(50, 3), torch.tensor([-1.0, 0.0, 2.0])
    assert following_loss(wanted, wanted, thresholds, 0.5).item() == pytest.approx(0.0, abs=1e-6)
    assert following_loss(wanted + 0.1, wanted, thresholds, 0.5).item() > 0
    assert following_loss(-wanted, wanted, thresholds, 0.5).item() > 1.0


def test_a_step_over_the_threshold_costs_more_than_the_same_step_far_from_it():
    wanted, thresholds = torch.tensor([[0.2], [4.0]]), torch.zeros(1)
    near, far = (following_loss(row - 0.4, row, thresholds, 1.0).item() for row in wanted[:, None])
    assert near > 1.2 * far


def test_a_student_learns_what_its_teacher_says():
    lesson = task()
    taught = teach(SMALL, lesson, QUICK, seed=0)
    assert taught.epochs[-1].training_loss < 0.5 * taught.epochs[0].training_loss
    run = open_interpreter(emit(taught.weights, SMALL))
    said = np.stack([run.invoke(x)[0] for x in lesson.validation.inputs])
    correlations = [np.corrcoef(said[:, k], lesson.validation.said[:, k])[0, 1] for k in range(3)]
    assert min(correlations) > 0.5


def test_the_same_seed_teaches_the_same_weights():
    first, again, other = (teach(SMALL, task(), Course(epochs=1), seed=seed).weights for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert any(not np.array_equal(first[name], other[name]) for name in first)


def test_teaching_ends_when_it_no_longer_helps_and_the_best_pass_is_kept():
    lesson = task(64)
    random = np.random.default_rng(0).normal(0, 1, lesson.training.said.shape).astype(np.float32)
    hopeless = Task(Targets(lesson.training.inputs, random), lesson.validation, lesson.thresholds)
    course = Course(epochs=40, patience=3, batch_size=16)
    torch.manual_seed(0)
    made = Student(SMALL)
    epochs = list(fit(made, hopeless, course, seed=0))
    assert len(epochs) < 40
    best = [epoch for epoch in epochs if epoch.is_best][-1]
    assert best.number == len(epochs) - 3
    said = torch.from_numpy(said_of(made, lesson.validation.inputs))
    loss = following_loss(said, torch.from_numpy(lesson.validation.said), torch.zeros(3), course.decision_weight)
    assert loss.item() == pytest.approx(best.validation_loss, rel=1e-5)


def test_progress_is_told_window_by_window():
    steps, passes = [], []
    teach(SMALL, task(), Course(epochs=2), seed=0, advance=steps.append, tell=passes.append)
    assert sum(steps) == 2 * 192
    assert [epoch.number for epoch in passes] == [1, 2]
