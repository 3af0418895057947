"""The shipped commands over a real Bluetooth stack: bleak's own backend, bluetoothd, Linux, and a virtual adapter.

What the scripts use besides `anyecg` stands in `init.sh`.
"""

import json

import pytest


def _figures(guest, name):
    return json.loads(guest.text(name).splitlines()[-1])


def _assert_all_is_accounted_for(figures):
    assert not figures["simulated"]
    assert figures["samples_stored"] > 0
    assert figures["samples_sent"] == figures["samples_stored"] + figures["samples_lost"]
    assert figures["windows"] == figures["outcomes"]


@pytest.fixture(scope="module")
def interrupted_by_distance(new_guest):
    guest = new_guest()
    guest.run("""
        put_on --disconnect-every 4 --outage 0.5
        anyecg scan --duration 3 --json >scan.json
        anyecg run --duration 14 --store /tmp/run.db --json >run.json
        take_off
    """)
    return guest


def test_a_scan_lists_a_strap_and_how_to_run_it(interrupted_by_distance):
    (strap,) = _figures(interrupted_by_distance, "scan.json")["devices"]
    assert (strap["kind"], strap["address"]) == ("polar-h10", "F0:5E:ED:00:00:01")
    assert strap["run"] == f'anyecg run "{strap["name"]}"'


def test_a_strap_that_is_lost_is_found_again_and_told_to_stop_at_the_end(interrupted_by_distance):
    figures = _figures(interrupted_by_distance, "run.json")
    _assert_all_is_accounted_for(figures)
    assert figures["connections"] >= 3
    assert figures["lost_by_reason"].keys() == {"disconnected"}
    assert _figures(interrupted_by_distance, "worn.json")["stopped"]


def test_after_reconnections_nothing_arrives_twice(interrupted_by_distance):
    assert _figures(interrupted_by_distance, "run.json")["stale_frames"] == 0


def test_two_wearables_stream_through_one_adapter(guest):
    guest.run("""
        put_on --device polar-h10 --device movesense --disconnect-every 6 --outage 0.5
        anyecg run Polar Movesense --duration 15 --store /tmp/run.db --json >run.json
        take_off
    """)
    runs = _figures(guest, "run.json")["runs"]
    assert len(runs) == 2
    for figures in runs:
        _assert_all_is_accounted_for(figures)
        assert figures["connections"] >= 2
    assert all(worn["stopped"] for worn in _figures(guest, "worn.json")["devices"])


def test_an_adapter_that_is_switched_off_and_on_costs_samples_and_not_the_stream(guest):
    guest.run("""
        put_on
        start_run
        bluetoothctl power off
        until_says run.err waiting
        bluetoothctl power on
        until_says run.err "samples lost"
        end_run
        take_off
    """)
    figures = _figures(guest, "run.json")
    _assert_all_is_accounted_for(figures)
    assert figures["connections"] == 2
    assert _figures(guest, "worn.json")["stopped"]


def test_a_bluetooth_service_that_is_restarted_costs_samples_and_not_the_stream(guest):
    guest.run("""
        put_on
        start_run
        stop_bluetooth
        until_says run.err waiting
        start_bluetooth
        if adapter_is_there; then
          until_says run.err "samples lost"
          end_run
          take_off
        else
          echo >adapter_is_gone
        fi
    """)
    if (guest.shared / "adapter_is_gone").exists():
        pytest.skip("the restarted bluetoothd does not find the virtual adapter, so there is nothing to reconnect to")
    figures = _figures(guest, "run.json")
    _assert_all_is_accounted_for(figures)
    assert figures["connections"] == 2
    assert _figures(guest, "worn.json")["stopped"]


def test_without_an_adapter_or_the_service_one_line_says_so(guest):
    guest.run("""
        refused() { ! anyecg run --store /tmp/run.db >$1.out 2>$1.err; }
        refused absent
        put_on
        bluetoothctl power off
        refused off
        stop_bluetooth
        refused unserved
        take_off
    """)
    for name, says in {"absent": "no Bluetooth adapter", "off": "switched off", "unserved": "Bluetooth"}.items():
        (line,) = guest.text(f"{name}.err").splitlines()
        assert says in line
        assert "Traceback" not in line


def test_a_gateway_that_was_killed_leaves_its_strap_to_the_next_one(guest):
    guest.run("""
        put_on
        start_run
        kill -KILL $run
        wait $run || true
        anyecg run --duration 3 --store /tmp/run.db --json >run.json
        take_off
    """)
    _assert_all_is_accounted_for(_figures(guest, "run.json"))
    assert _figures(guest, "worn.json")["stopped"]
