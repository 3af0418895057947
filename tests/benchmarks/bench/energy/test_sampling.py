from threading import Event

import pytest

from benchmarks.bench.energy.energy import Accuracy
from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.meter import over
from benchmarks.bench.energy.sampling import SamplingMeter, Ticker

GONE = EnergyError(EnergyFault.SILENT, "it is gone", advice="look for it")


class Supply:
    """A load whose power rises by a watt a reading; says when it was asked so often."""

    def __init__(self, enough: int) -> None:
        self.asked = 0
        self.enough = enough
        self.asked_enough = Event()

    def watts(self) -> float:
        self.asked += 1
        if self.asked >= self.enough:
            self.asked_enough.set()
        return float(self.asked)


def meter_of(supply: Supply, **more) -> SamplingMeter:
    return SamplingMeter(supply.watts, period_s=1e-3, accuracy=Accuracy(), source="a test", **more)


def test_a_meter_is_asked_by_itself_while_the_work_lasts():
    supply = Supply(10)
    with meter_of(supply) as meter:
        energy = over(meter, lambda: supply.asked_enough.wait(30))
    assert supply.asked_enough.is_set()
    assert energy.n_readings >= 8
    assert 1.0 < energy.watts < supply.asked


def test_even_an_instant_has_two_readings():
    with meter_of(Supply(2)) as meter:
        assert over(meter, lambda: None).duration_s > 0


def test_an_interval_that_is_begun_again_forgets_the_first():
    supply = Supply(5)
    with meter_of(supply) as meter:
        meter.start()
        supply.asked_enough.wait(30)
        meter.start()
        assert meter.stop().watts > 5


def test_a_meter_that_fails_meanwhile_ends_the_interval_with_its_error():
    failed = Event()
    answers = iter([1.0, 1.0])

    def watts() -> float:
        try:
            return next(answers)
        except StopIteration:
            failed.set()
            raise GONE from None

    with SamplingMeter(watts, period_s=1e-3, accuracy=Accuracy(), source="a test") as meter:
        meter.start()
        failed.wait(30)
        with pytest.raises(EnergyError, match="it is gone"):
            meter.stop()


def test_a_meter_is_let_go_of_once_however_often_it_is_closed():
    closed = []
    meter = meter_of(Supply(1), let_go=lambda: closed.append(True))
    meter.close()
    meter.close()
    assert closed == [True]


def test_an_interval_that_was_not_begun_cannot_be_ended():
    with meter_of(Supply(1)) as meter, pytest.raises(RuntimeError, match="no interval"):
        meter.stop()


def test_work_that_takes_longer_than_its_period_is_not_heaped_up():
    ran = []
    twice = Event()

    def work() -> None:
        ran.append(True)
        if len(ran) == 2:
            twice.set()

    ticker = Ticker(work, 1e-4)
    twice.wait(30)
    ticker.stop()
    ended = len(ran)
    ticker.check()
    assert len(ran) == ended >= 2
