import os
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.bench.energy.errors import EnergyError, EnergyFault
from benchmarks.bench.energy.opening import open_meter
from benchmarks.bench.energy.um import REPLY_BYTES, REQUEST, Model, reply_of
from benchmarks.bench.energy.wires import um_meter

REPLY = bytes.fromhex(
    "09c9"  # UM25C
    "13b9"  # 5.049 V
    "1d7e"  # 0.7550 A
    "00000ee4"  # 3.812 W
    "001a004f"  # 26 C, 79 F
    "0001" + "00000123" * 20 + "00030002"  # data group  # data lines
    "0007"  # charging mode
    "0000025800000bb8"  # recorded
    "000a0000003c0001"  # threshold, seconds, recording
    "00020003"  # screen
    "00000043"  # 6.7 ohms
    "00008000"
)
"""Written down from the public layout; not recorded from a meter."""


def reply(model: Model, volts: float, amps: float) -> bytes:
    voltage, current = round(volts / model.volts_step), round(amps / model.amps_step)
    milliwatts = round(voltage * model.volts_step * current * model.amps_step * 1e3)
    head = b"".join(n.to_bytes(2, "big") for n in (model, voltage, current)) + milliwatts.to_bytes(4, "big")
    return head + REPLY[len(head) :]


@contextmanager
def meter_on_a_pty(answers: list[bytes]) -> Iterator[str]:
    """A meter on a pseudo-terminal: one answer a request, the last one for ever; no answer where it is empty."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)

    def serve() -> None:
        asked = 0
        while True:
            try:
                requests = os.read(ours, 16)
            except OSError:
                return
            if not requests:
                return
            for _ in range(requests.count(REQUEST)):
                os.write(ours, answers[min(asked, len(answers) - 1)])
                asked += 1

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        os.close(theirs)
        thread.join()
        os.close(ours)


def test_the_golden_reply_is_read():
    assert len(REPLY) == REPLY_BYTES
    read = reply_of(REPLY)
    assert (read.model, read.volts, read.amps, read.watts) == (
        Model.UM25C,
        pytest.approx(5.049),
        pytest.approx(0.755),
        3.812,
    )


@given(st.sampled_from(Model), st.floats(4.0, 24.0), st.floats(0.0, 4.0))
def test_each_model_has_its_own_steps(model, volts, amps):
    read = reply_of(reply(model, volts, amps))
    assert read.model is model
    assert read.volts == pytest.approx(volts, abs=model.volts_step)
    assert read.amps == pytest.approx(amps, abs=model.amps_step)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_an_error(data):
    try:
        read = reply_of(data)
    except EnergyError:
        return
    assert read.watts == pytest.approx(read.volts * read.amps, rel=0.06, abs=0.03)


def test_a_reply_from_the_middle_of_another_is_refused():
    with pytest.raises(EnergyError):
        reply_of(REPLY[4:] + REPLY[:4])
    with pytest.raises(EnergyError, match="do not agree") as refused:
        reply_of(REPLY[:2] + REPLY[4:6] + REPLY[2:4] + bytes(4) + REPLY[10:])
    assert refused.value.fault is EnergyFault.NONSENSE


def test_a_meter_on_a_serial_line_is_asked_and_integrated():
    with meter_on_a_pty([REPLY]) as port, open_meter(f"um25c:{port}") as meter:
        assert meter.source == f"UM25C on {port}, read every 0.5 s"
        meter.start()
        energy = meter.stop()
    assert energy.watts == pytest.approx(3.812)
    assert energy.uncertainty_w > 1e-3 / 12**0.5


def test_a_cut_reply_is_asked_for_again():
    with meter_on_a_pty([REPLY[:70], REPLY]) as port, um_meter(port, patience_s=0.2) as meter:
        meter.start()
        assert meter.stop().watts == pytest.approx(3.812)


def test_a_meter_that_says_nothing_is_silent():
    with meter_on_a_pty([b""]) as port, pytest.raises(EnergyError, match="0 of 130 bytes") as refused:
        um_meter(port, patience_s=0.05)
    assert refused.value.fault is EnergyFault.SILENT


def test_a_port_that_is_not_there_is_told_with_how_to_bind_it(tmp_path):
    with pytest.raises(EnergyError, match="rfcomm bind") as refused:
        open_meter(f"um34c:{tmp_path / 'rfcomm0'}")
    assert refused.value.fault is EnergyFault.SILENT
