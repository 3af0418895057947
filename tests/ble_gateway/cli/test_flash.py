"""`anyecg flash` against a virtual patch behind a pseudo-terminal, in a thread of its own."""

import asyncio
import contextlib
import subprocess
import sys
import threading
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from benchmarks.flash.bench import Bench, QuickRunner, content, pack_bytes
from ble_gateway.cli.flash_screen import FlashScreen
from ble_gateway.flash.conversation import Reconnecting
from ble_gateway.flash.flash import Planned, Sending, Sent, Stage, Tried
from ble_gateway.flash.messages import SlotState
from ble_gateway.flash.plan import Skip, Upload
from ble_gateway.simulator.smp.mcuboot import write_image
from ble_gateway.simulator.smp.mishaps import Plan
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.wire import wired
from edge.keys import write_new_pair
from tests.ble_gateway.flash.test_plan import PATCH, RUNS, device
from tests.edge.cli.command import called, is_one_clear_line, last_object


@contextlib.contextmanager
def served(bench, path):
    """The patch behind a pseudo-terminal at this path, while the command runs in the tests' own thread."""
    ready = threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    async def serve():
        async with wired(bench.host, path):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield path
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@pytest.fixture(autouse=True)
def nobody_is_trusted(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def pack(tmp_path):
    path = tmp_path / "heart.tflite"
    path.write_bytes(pack_bytes("1.1.0"))
    return path


def flashed(bench, tmp_path, pack, *options):
    with served(bench, tmp_path / "patch") as port:
        return called("flash", pack, "--port", port, *options)


def test_a_signed_pack_is_flashed_and_a_second_time_there_is_nothing_to_do(tmp_path, pack):
    private, public, _ = write_new_pair(tmp_path / "lab")
    assert called("keys", "sign", pack, "--key", private).returncode == 0
    bench = Bench()
    done = flashed(bench, tmp_path, pack, "--key", public, "--json")
    assert done.returncode == 0, done.stderr
    told = last_object(done)
    assert told["flashed"]
    assert (told["sent_bytes"], told["resumed_bytes"]) == (told["size_bytes"], 0)
    assert told["device"]["board"] == "nrf52840"
    assert bench.confirmed.hex() == told["sha256"]
    again = flashed(bench, tmp_path, pack, "--key", public)
    assert again.returncode == 0
    assert "nothing to do: it is in /packs/0 already, and confirmed" in again.stdout


def test_keys_in_the_trusted_folder_are_enough(tmp_path, pack):
    (tmp_path / "config/anyecg/trusted").mkdir(parents=True)
    private, public, _ = write_new_pair(tmp_path / "lab")
    public.rename(tmp_path / "config/anyecg/trusted/lab.pub")
    called("keys", "sign", pack, "--key", private)
    assert flashed(Bench(), tmp_path, pack).returncode == 0


def test_each_step_is_told(tmp_path, pack):
    done = flashed(Bench(), tmp_path, pack, "--allow-unsigned")
    names = [line.split()[0] for line in done.stdout.splitlines()]
    assert names == ["device", "runs", "offered", "needs", "plan", "uploaded", "verified", "tried", "confirmed"]
    assert "allowed: unsigned" in done.stdout
    assert done.stderr == ""


def test_a_dry_run_shows_the_plan_and_writes_nothing(tmp_path, pack):
    bench = Bench()
    done = flashed(bench, tmp_path, pack, "--allow-unsigned", "--dry-run")
    assert done.returncode == 0
    assert "upload to /packs/0" in done.stdout
    assert bench.memory.keys() == {"image0"}
    told = last_object(flashed(bench, tmp_path, pack, "--allow-unsigned", "--dry-run", "--json"))
    assert (told["plan"], told["flashed"]) == ("upload", False)


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_refusal_is_one_line_and_for_machines_a_reason(tmp_path, pack, dry):
    bench = Bench(identity=replace(Identity(), ram_bytes=1000))
    done = flashed(bench, tmp_path, pack, "--allow-unsigned", *dry)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "it does not fit (RAM 18,600 of 1,000 bytes)" in done.stderr
    told = last_object(flashed(bench, tmp_path, pack, "--json", *dry))
    assert (told["reason"], told["also"], told["flashed"]) == ("does_not_fit", ["unsigned"], False)
    assert bench.memory.keys() == {"image0"}


def test_another_board_and_an_older_pack_are_let_pass_when_told(tmp_path):
    bench = Bench()
    for version, options in {"2.0.0": (), "1.0.0": ("--allow-downgrade",)}.items():
        path = tmp_path / f"{version}.tflite"
        path.write_bytes(pack_bytes(version))
        assert flashed(bench, tmp_path, path, "--allow-unsigned", *options).returncode == 0
    other = tmp_path / "other.tflite"
    other.write_bytes(pack_bytes("3.0.0", board="nrf5340"))
    assert "--allow-other-board" in flashed(bench, tmp_path, other, "--allow-unsigned").stderr
    let_pass = flashed(bench, tmp_path, other, "--allow-unsigned", "--allow-other-board", "--dry-run")
    assert "allowed: other board, unsigned" in let_pass.stdout


def test_a_failed_self_test_says_what_runs_now(tmp_path, pack):
    bench = Bench(runner=QuickRunner(fails=(pack.read_bytes(),)))
    done = flashed(bench, tmp_path, pack, "--allow-unsigned")
    assert done.returncode == 1
    assert "the device runs what it left the factory with" in done.stderr
    assert "confirmed" not in done.stdout


def test_a_lost_link_is_told_and_the_flash_goes_on(tmp_path, pack):
    bench = Bench(plan=Plan(cut_at=(20_000,)), outage_s=0.1)
    done = flashed(bench, tmp_path, pack, "--allow-unsigned")
    assert done.returncode == 0
    assert "lost" in done.stdout
    assert bench.confirmed is not None


def test_firmware_is_flashed(tmp_path):
    image = tmp_path / "firmware.bin"
    image.write_bytes(write_image(bytes(9_000), (1, 1, 0)))
    bench = Bench(outage_s=0.1)
    done = flashed(bench, tmp_path, image, "--allow-unsigned")
    assert done.returncode == 0, done.stderr
    assert "firmware 1.1.0 runs, after a reset, too" in done.stdout
    assert bench.host.device._images.version == "1.1.0"


@pytest.mark.parametrize("options", [(), ("--port", "x", "--address", "y")])
def test_one_way_to_the_device_is_named(pack, options):
    done = called("flash", pack, *options)
    assert done.returncode == 2
    assert "either the serial port or the" in done.stderr


@pytest.mark.parametrize("content", [None, b"", b"hello", b"\x3d\xb8\xf3\x96", bytes(5000)])
def test_a_file_that_is_nothing_to_flash_is_one_clear_line(tmp_path, content):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    assert is_one_clear_line(called("flash", path, "--port", "/dev/none"))


def test_a_port_that_is_not_there_and_a_key_that_is_none_are_one_clear_line(tmp_path, pack):
    assert is_one_clear_line(called("flash", pack, "--port", tmp_path / "none"))
    assert is_one_clear_line(called("flash", pack, "--port", tmp_path / "none", "--key", pack))
    assert is_one_clear_line(called("flash", pack, "--address", "F0:00", "--radio", "tcp:127.0.0.1:1"))


@pytest.mark.parametrize(("module", "verb"), [("serial", "flash"), ("smp", "flash"), ("cryptography", "keys")])
def test_without_the_extra_it_says_how_to_get_it(module, verb):
    script = (
        "import sys\n"
        f"sys.modules[{module!r}] = None\n"
        f"sys.argv = ['anyecg', {verb!r}, 'x']\n"
        "from edge.cli.main import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert is_one_clear_line(done)
    assert "pip install 'anyecg-edge[flash]'" in done.stderr


def shown(*events):
    console = Console(file=StringIO(), width=120, highlight=False)
    screen = FlashScreen(console, content())
    with screen:
        for event in events:
            screen.tell(event)
    return console.file.getvalue()


def test_what_was_there_is_told_and_does_not_count_as_speed():
    text = shown(
        Stage.UPLOADING, Sent(30_000, 51_428), Sent(51_428, 51_428), Sending(30_000, 21_428, 2.0), Stage.VERIFYING
    )
    assert "30,000 of 51,428 bytes are on the device already" in text
    assert "21,428 bytes in 2.0 s, 10.7 kB/s" in text
    assert "nothing: all of it was there" in shown(Stage.UPLOADING, Sent(51_428, 51_428), Sending(51_428, 0, 0.1))


def test_the_plan_says_what_a_reset_is_for():
    assert "reset the device, which ends a trial, upload to /b" in shown(
        Planned(device(), Upload("/b", ends_trial=True))
    )
    assert "a reset ends the trial of another" in shown(Planned(device(), Skip("/a", ends_trial=True)))


def test_a_device_says_what_it_is_and_a_trial_is_called_one():
    on_trial = RUNS.model_copy(update={"state": SlotState.TRIAL})
    assert "heart 1.1.0 (on trial)" in shown(Planned(device(slots=(on_trial,)), Skip("/a")))
    assert "fed from a wire" in shown(Planned(device(battery_percent=None), Skip("/a")))
    assert f"battery {PATCH.battery_percent} %" in shown(Planned(device(), Skip("/a")))


def test_attempts_to_connect_again_are_counted_and_a_test_that_passed_before_is_said_to_have():
    text = shown(Stage.TRYING, Reconnecting("[it] broke", 2, 6), Tried(0), Stage.CONFIRMING)
    assert "lost ([it] broke): attempt 2 of 6" in text
    assert "its self-test passed before" in text
