"""The torch side of the waves network: it is the graph that is written, and its loss asks for what is known."""

import numpy as np
import pytest

from converter.training.waves import targets as t
from converter.training.waves.targets import Targets
from converter.waves.architecture import N_OUTPUTS, WAVES_NETWORK
from converter.waves.emit import emit
from edge.interpreter import open_interpreter
from edge.waves.track import SAID, Grade, Track
from tests.converter.waves.networks import DEEP, NARROW, SMALL, waves_network

torch = pytest.importorskip("torch", reason="torch is absent: it comes with the extra `train`")

from converter.training.waves.examples import Examples  # noqa: E402
from converter.training.waves.fit import Course, fit  # noqa: E402
from converter.training.waves.loss import Weights, loss_of  # noqa: E402
from converter.training.waves.network import WaveNet  # noqa: E402

NETWORKS = {"small": SMALL, "narrow": NARROW, "deep": DEEP, "shipped": WAVES_NETWORK}


def network(architecture, seed=0):
    """A network whose normalisations have seen something."""
    torch.manual_seed(seed)
    made = WaveNet(architecture)
    for conv in made.convs.values():
        if hasattr(conv.norm, "running_mean"):
            conv.norm.running_mean.uniform_(-0.2, 0.2)
            conv.norm.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(conv.norm.weight, 0.5, 1.5)
            torch.nn.init.uniform_(conv.norm.bias, -0.2, 0.2)
    return made.eval()


def window(architecture, seed=0):
    return np.random.default_rng(seed).normal(0, 1, architecture.window_samples).astype(np.float32)


def said(net, x):
    with torch.no_grad():
        return net(torch.from_numpy(np.atleast_2d(x))).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_the_network_is_the_graph_that_is_written_of_it(name):
    net, x = network(NETWORKS[name]), window(NETWORKS[name])
    y = open_interpreter(emit(net.folded(), NETWORKS[name])).invoke(x).reshape(-1, N_OUTPUTS)
    expected = said(net, x)[0]
    np.testing.assert_allclose(y, expected, atol=2e-5 * max(1.0, np.abs(expected).max()))


def test_the_network_is_what_numpy_makes_of_its_folded_weights():
    net, x = network(DEEP, 3), window(DEEP)
    np.testing.assert_allclose(said(net, x)[0], waves_network(DEEP, net.folded(), x), atol=1e-4, rtol=1e-4)


def test_a_window_says_the_same_alone_and_among_others():
    net = network(SMALL)
    windows = np.stack([window(SMALL, k) for k in range(4)])
    np.testing.assert_allclose(said(net, windows)[2], said(net, windows[2])[0], atol=1e-5)


def test_folded_weights_have_the_names_and_shapes_of_the_layers():
    folded = network(SMALL).folded()
    shapes = {layer.name: (layer.out_channels, layer.in_channels, layer.kernel) for layer in SMALL.layers()}
    assert {k: v.shape for k, v in folded.items() if k.endswith(".w")} == {f"{k}.w": v for k, v in shapes.items()}


N_STEPS = 16
BIG = 30.0


def targets(segments=t.UNKNOWN_SEGMENT, beats=t.UNKNOWN_BEAT, rhythms=t.UNKNOWN_RHYTHM, grades=t.UNKNOWN_GRADE):
    """One window in which all is alike; nothing is known of it by default."""
    return Targets(
        np.full((1, 4 * N_STEPS), segments, np.uint8),
        *(np.full((1, N_STEPS), code, np.uint8) for code in (beats, rhythms, grades)),
    )


def logits(**changes):
    """Logits that are all alike: by column, 0 where none is given."""
    columns = {"segments": slice(0, 12), "beats": slice(12, 17), "rhythms": slice(17, 19), "grades": slice(19, 20)}
    row = np.zeros(sum(SAID), np.float32)
    for name, values in changes.items():
        row[columns[name]] = values
    return torch.from_numpy(np.tile(row, (1, N_STEPS, 1)))


def cost(said_logits, known, weights=Weights(1.0, 1.0, 1.0, 1.0)):  # noqa: B008
    return float(loss_of(said_logits, known, weights))


@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_asked_where_nothing_is_known(seed):
    torch.manual_seed(seed)
    assert cost(10 * torch.randn(1, N_STEPS, sum(SAID)), targets()) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("certain", "known"),
    [
        ({"segments": [-BIG, BIG, -BIG] * 4}, {"segments": 2}),
        ({"segments": [-BIG] * 12}, {"segments": 0}),
        ({"segments": [BIG, -BIG, -BIG] * 4}, {"segments": t.NOT_QRS}),
        ({"beats": [-BIG, -BIG, BIG, -BIG, -BIG]}, {"beats": 3}),
        ({"beats": [-BIG] * 5}, {"beats": 0}),
        ({"beats": [BIG] * 5}, {"beats": t.SOME_BEAT}),
        ({"rhythms": [BIG, -BIG]}, {"rhythms": 1}),
        ({"grades": [BIG]}, {"grades": Grade.WAVES}),
        ({"grades": [-BIG]}, {"grades": Grade.NOTHING}),
    ],
)
def test_a_right_answer_given_for_sure_costs_nothing(certain, known):
    assert cost(logits(**certain), targets(**known)) == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("wrong", "known"),
    [
        ({"segments": [-BIG, BIG, -BIG] * 4}, {"segments": 1}),
        ({"segments": [-BIG, BIG, -BIG] * 4}, {"segments": t.NOT_QRS}),
        ({"beats": [-BIG] * 5}, {"beats": t.SOME_BEAT}),
        ({"rhythms": [BIG, -BIG]}, {"rhythms": 0}),
        ({"grades": [BIG]}, {"grades": Grade.RATE}),
    ],
)
def test_a_wrong_answer_given_for_sure_costs_much(wrong, known):
    assert cost(logits(**wrong), targets(**known)) > 10.0


@pytest.mark.parametrize("part", ["segments", "beats", "rhythms", "grades"])
@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_known_answer_costs_the_logarithm_of_what_a_track_gives_it(part, code):
    torch.manual_seed(code)
    drawn = torch.randn(1, N_STEPS, sum(SAID))
    probability = getattr(Track.of_logits(drawn[0].numpy()), part)[:, code]
    weight = t.BEAT_WEIGHTS[code] if part == "beats" else 1.0
    expected = -weight * np.log(probability.astype(np.float64)).mean()
    assert cost(drawn, targets(**{part: code})) == pytest.approx(expected, rel=1e-3)


def test_what_counts_for_nothing_costs_nothing():
    assert cost(logits(rhythms=[BIG, -BIG]), targets(rhythms=0), Weights(rhythms=0.0)) == pytest.approx(0.0, abs=1e-5)


def test_extreme_answers_keep_the_loss_finite():
    assert np.isfinite(cost(logits(grades=[1e4]), targets(grades=Grade.NOTHING)))


def example(_=0):
    known = Targets(np.full((2, 64), 1, np.uint8), *(np.full((2, 16), k, np.uint8) for k in (0, 1, 0)))
    return Examples(np.stack([window(SMALL, k) for k in range(2)]), known)


def test_a_network_learns_what_it_is_taught():
    losses = []
    fit(network(SMALL), example, Course(steps=15, learning_rate=0.02, warm_up=5), advance=losses.append)
    assert len(losses) == 15
    assert np.mean(losses[-3:]) < 0.5 * np.mean(losses[:3])


def test_what_is_learnt_is_ready_to_be_folded():
    fitted = fit(network(SMALL), example, Course(steps=3), advance=lambda _: None)
    assert not fitted.training
    assert all(np.isfinite(value).all() for value in fitted.folded().values())


def test_a_batch_that_cannot_be_made_stops_the_learning():
    def broken(step):
        if step == 2:
            raise RuntimeError("no more windows")
        return example()

    with pytest.raises(RuntimeError, match="no more windows"):
        fit(network(SMALL), broken, Course(steps=5), advance=lambda _: None)


def test_the_rate_of_learning_rises_and_falls_to_nothing():
    rates = [Course(steps=1000).rate(step) for step in (0, 50, 99, 500, 999)]
    assert rates[0] < rates[1] < rates[2]
    assert rates[2] > rates[3] > rates[4]
    assert rates[4] < 1e-6
