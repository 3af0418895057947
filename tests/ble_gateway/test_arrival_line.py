import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ble_gateway.clock import ArrivalLine
from tests.ble_gateway.arrivals import BEGIN_S


@given(
    st.lists(st.tuples(st.floats(0.1, 1.0), st.floats(0, 0.3)), min_size=1, max_size=300),
    st.floats(-0.02, 0.02),
)
@settings(max_examples=50)
def test_the_line_never_lies_above_an_arrival_it_has_just_seen(steps, skew):
    line = ArrivalLine()
    device_s = 0.0
    for step_s, delay_s in steps:
        device_s += step_s
        arrival_s = BEGIN_S + device_s * (1 + skew) + delay_s
        line.observe(device_s, arrival_s)
        assert line.at(device_s) <= arrival_s + 1e-6


@given(st.floats(-0.02, 0.02))
@settings(max_examples=20)
def test_a_clock_two_per_cent_off_is_known_within_ten_seconds(skew):
    line = ArrivalLine()
    for frame in range(80):
        device_s = frame / 8
        line.observe(device_s, BEGIN_S + device_s * (1 + skew) + (frame * 7 % 11) * 0.004)
    assert line.slope - 1 == pytest.approx(skew, abs=0.002)


def test_a_line_set_anew_still_knows_its_clock():
    line = ArrivalLine()
    for frame in range(800):
        line.observe(frame / 8, BEGIN_S + frame / 8 * 1.02)
    anew = line.anew()
    assert not anew.began
    assert anew.slope == pytest.approx(1.02, abs=1e-5)


@pytest.mark.parametrize("ask", [ArrivalLine.at, ArrivalLine.uncertainty_s])
def test_a_line_without_an_observation_says_nothing(ask):
    with pytest.raises(RuntimeError, match="nothing was observed"):
        ask(ArrivalLine(), 0.0)
