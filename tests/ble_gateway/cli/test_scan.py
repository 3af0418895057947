import json
import shlex

import pytest
from bleak.backends.device import BLEDevice
from hypothesis import given
from hypothesis import strategies as st

from ble_gateway.cli.scan import _command, _lines, _signal
from ble_gateway.radio import Sighting
from ble_gateway.simulator.catalogue import address_of
from ble_gateway.wearables.catalogue import KINDS, WEARABLES, set_up
from ble_gateway.wearables.wearable import Trust
from tests.edge.cli.command import called, last_object


def _seen(name, number=1, kind="polar-h10", rssi_dbm=-60, battery_percent=None):
    device = BLEDevice(address_of(number), name, None)
    return Sighting(device, name, rssi_dbm, set_up(kind) if kind else None, battery_percent)


def _told(*seen, radio=None):
    return [_command(sighting, list(seen), radio) for sighting in seen]


def test_a_wearable_is_run_by_its_name():
    assert _told(_seen("Polar H10 5EED0001")) == ['anyecg run "Polar H10 5EED0001"']


def test_one_whose_name_begins_the_name_of_another_is_run_by_its_address():
    told = _told(_seen("Polar H10", 1), _seen("Polar H10 5EED0001", 2))
    assert told == [f"anyecg run {address_of(1)}", 'anyecg run "Polar H10 5EED0001"']


def test_two_of_one_name_are_run_by_their_addresses():
    told = _told(_seen("ER1 0001", 1), _seen("ER1 0001", 2))
    assert told == [f"anyecg run {address_of(1)}", f"anyecg run {address_of(2)}"]


def test_one_without_a_name_is_run_by_its_address_and_one_that_is_not_known_by_what_it_is_said_to_be():
    assert _told(_seen("", 7, kind=None)) == [f"anyecg run {address_of(7)} --device KIND"]


def test_the_simulated_radio_is_named_again():
    assert _told(_seen("ER1 0001"), radio="tcp:h:1") == ['anyecg run "ER1 0001" --radio tcp:h:1']


@given(
    st.text(max_size=30).map(lambda name: "".join(filter(str.isprintable, name)))
    | st.sampled_from(
        ["$(reboot)", "`reboot`", 'a"; reboot; "', "-h", "--help", "!!", "a\\", "~", "*", " ", "#", "a'b"]
    )
)
def test_whatever_a_device_calls_itself_the_command_runs_it_and_nothing_else(name):
    (command,) = _told(_seen(name))
    assert shlex.split(command) in (["anyecg", "run", name], ["anyecg", "run", address_of(1)])
    assert not set(command) & set("$`\\!;|&<>*~#'\n")
    assert not shlex.split(command)[2].startswith("-")


@pytest.mark.parametrize(("rssi_dbm", "bars"), [(-126, 1), (-90, 1), (-82, 1), (-70, 2), (-50, 5), (20, 5)])
def test_the_signal_is_shown_in_one_to_five_bars(rssi_dbm, bars):
    assert _signal(rssi_dbm).plain == "▮" * bars + "▯" * (5 - bars) + f" {rssi_dbm} dBm"


def test_what_the_system_is_connected_to_has_no_signal_to_show():
    assert _signal(-127).plain == "connected to this system"


def test_what_is_seen_is_told_with_what_to_do_about_it():
    seen = [_seen("Polar H10 5EED0001", battery_percent=87), _seen("TV [/]", 2, kind=None)]
    lines = [
        line.plain for line in _lines(seen, dict(zip((s.address for s in seen), ["run it", "or not"], strict=True)))
    ]
    assert "polar-h10" in lines[0]
    assert "battery 87 %" in lines[0]
    assert lines[1].split() == [address_of(1), "run", "it"]
    assert lines[2].startswith("TV [/]")
    assert "unknown" in lines[2]


def test_devices_lists_every_wearable_with_its_limits():
    done = called("devices")
    assert done.returncode == 0, done.stderr
    text = " ".join(done.stdout.split())
    for wearable in WEARABLES:
        assert f"{wearable.kind} {wearable.title}" in text
        for limit in wearable.limits:
            assert " ".join(limit.split()) in text
    assert "None of them was tried on hardware" in text


def test_devices_tells_machines_what_is_not_verified():
    done = called("devices", "--json")
    listed = {device["kind"]: device for device in last_object(done)["devices"]}
    assert tuple(listed) == KINDS
    for wearable in WEARABLES:
        said = listed[wearable.kind]
        assert said["tried_on_hardware"] is False
        assert said["limits"] == list(wearable.limits)
        assert said["backfill"] is (wearable.kind == "anyecg-patch")
        assert (said["protocol_from"] == Trust.UNVERIFIED) is (wearable.trust is Trust.UNVERIFIED)
    assert json.loads(done.stdout)
