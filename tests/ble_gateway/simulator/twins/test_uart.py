import numpy as np
import pytest

from ble_gateway.simulator.twins.uart import UartTwin
from ble_gateway.wearables import uart
from ble_gateway.wearables.uart import parse_format
from ble_gateway.wearables.wearable import Advertised, Counted, Unplaced
from tests.ble_gateway.simulator.twins.wired import converse, joined, play, through

RAMP = np.arange(-1000, 1003, dtype=np.int32)
FORMS = [
    "int16le@125Hz,2.5uV",
    "int16be@500Hz,1uV",
    "counter1+int16le@250Hz,1uV",
    "counter4+int16be@250Hz,1uV",
    "text@100Hz,1000uV",
    "text@100Hz,1000uV,column3",
]


@pytest.mark.parametrize("form", FORMS)
def test_a_ramp_comes_through_unchanged_in_every_format(form):
    form = parse_format(form)
    twin = UartTwin(form)
    samples = through(twin, uart.wearable(form), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP)
    assert {event.scale.millivolts_per_count for event in samples} == {twin.millivolts_per_count}
    counted = form.layout is uart.Layout.COUNTER_INT16
    modulus = 1 << 8 * form.counter_bytes
    places = [Counted(first % modulus, modulus) if counted else Unplaced() for first in range(0, RAMP.size, 10)]
    assert [event.position for event in samples] == places


def test_packets_that_are_counted_are_full_and_the_last_one_is_not_sent():
    form = parse_format("packet1x7+int16le@250Hz,1uV")
    samples = through(UartTwin(form), uart.wearable(form), RAMP)
    np.testing.assert_array_equal(joined(samples), RAMP[: RAMP.size // 7 * 7])
    assert [e.position for e in samples] == [Counted(n % 256 * 7, 256 * 7) for n in range(RAMP.size // 7)]


@pytest.mark.parametrize("form", FORMS)
def test_no_notification_is_longer_than_a_link_carries(form):
    twin = UartTwin(parse_format(form))
    converse(twin, uart.wearable(parse_format(form)).start())
    extremes = np.resize(np.array(twin.rails, np.int32), 40)
    assert max(len(sent.value) for sent in play(twin, extremes)) <= 244


@pytest.mark.parametrize("happens", ["disconnected", "reset"])
def test_nothing_is_sent_before_a_gateway_listens_nor_after_it_is_gone(happens):
    form = parse_format(FORMS[0])
    twin = UartTwin(form)
    list(twin.written(uart.RX, b"start"))
    assert (twin.streaming, play(twin, RAMP), twin.read(uart.TX)) == (False, [], None)
    converse(twin, uart.wearable(form).start())
    assert twin.streaming
    getattr(twin, happens)()
    assert (twin.streaming, play(twin, RAMP), list(twin.ended())) == (False, [], [])


def test_the_twin_is_recognised():
    shown = UartTwin.advertisement
    assert uart.recognise(Advertised(shown.name, frozenset(shown.services)))
