import pytest

from converter.patch.fit_counts import network_units, preprocessing_units
from converter.patch.needs import macs_by_class
from converter.patch.reading import read_network
from converter.patch.schedule import schedule
from edge.boards.profile import Unit
from edge.pack import SHIPPED, SHIPPED_WAVES, read_any_pack
from edge.preprocess import ECGFOUNDER, Bandpass, Compress, MedianBaseline, Notch, Preprocessing, SwingScale, ZScore
from tests.converter.patch.int8_models import Int8Model, random_model

MULTIPLICATIONS = {Unit.CONV, Unit.POINTWISE, Unit.DEPTHWISE, Unit.DENSE}


def counted(model):
    return network_units(schedule(read_network(model)))


@pytest.mark.parametrize("path", [SHIPPED, SHIPPED_WAVES])
def test_every_multiplication_of_a_shipped_pack_is_counted(path):
    model = read_any_pack(path).model
    macs = macs_by_class(read_network(model))
    units = counted(model)
    assert sum(units.get(unit, 0) for unit in MULTIPLICATIONS) == sum(macs.values()) - macs.get("elementwise", 0)


@pytest.mark.parametrize("seed", range(10))
def test_every_multiplication_of_a_random_network_is_counted(seed):
    model = random_model(seed)
    macs = macs_by_class(read_network(model))
    units = counted(model)
    assert sum(units.get(unit, 0) for unit in MULTIPLICATIONS) == sum(macs.values()) - macs.get("elementwise", 0)


def test_the_pieces_of_a_network_are_those_of_its_kernels():
    made = Int8Model()
    x = made.input(8, 4)
    y = made.conv(x, 6, kernel=3)
    y = made.conv(y, 6)
    y = made.depthwise(y, 3)
    y = made.mean(y)
    y = made.conv(y, 2)
    assert counted(made.to_bytes(x, y)) == {
        Unit.CONV: 8 * 6 * 4 * 3,
        Unit.POINTWISE: 8 * 6 * 6,
        Unit.DEPTHWISE: 8 * 6 * 3,
        Unit.DENSE: 6 * 2,
        Unit.MEAN: 8 * 6,
        Unit.OUTPUT: 3 * 8 * 6 + 2,
    }


def test_the_pieces_of_a_preprocessing_are_those_of_its_steps():
    steps = (Notch(50.0, 30.0), Bandpass(0.5, 40.0, 3), MedianBaseline(0.4), ZScore(1e-8))
    assert preprocessing_units(Preprocessing(500.0, 1000, steps), None) == {
        Unit.SAMPLE: 2000,
        Unit.SECTION: 1000 * (2 + 2 * 3),
        Unit.MEDIAN: 1000 * 201,
    }
    swing = Preprocessing(256.0, 512, (SwingScale(2.0, 1e-4), Compress(0.1)))
    assert preprocessing_units(swing, None) == {Unit.SAMPLE: 3 * 512}


def test_another_rate_of_the_device_costs_taps():
    assert Unit.TAP not in preprocessing_units(ECGFOUNDER, 500.0)
    assert preprocessing_units(ECGFOUNDER, 250.0)[Unit.TAP] >= 5000 * 20
