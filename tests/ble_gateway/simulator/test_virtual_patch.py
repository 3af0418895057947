import asyncio
import re

import numpy as np
import pytest
from bleak import BleakClient

from ble_gateway.flash import messages
from ble_gateway.simulator import bleak_backend
from ble_gateway.simulator.smp.frames import SMP_CHARACTERISTIC, SMP_SERVICE
from ble_gateway.simulator.smp.packs import Identity
from ble_gateway.simulator.smp.runner import CannotRun, Feed
from ble_gateway.simulator.twin import Taken
from ble_gateway.simulator.twins.flashed_patch import FlashedPatchTwin
from ble_gateway.wearables.patch_outcome import OUTCOME
from tests.ble_gateway.interpreted import InterpretedRunner
from tests.ble_gateway.scenes import on_virtual_time
from tests.ble_gateway.simulator.patches import ADDRESS, RATE_HZ, listen, patch_on_air
from tests.ble_gateway.simulator.smp.asking import Mean, TableRunner, pack_of, patch, sha

PACK = pack_of()


@on_virtual_time
async def test_it_runs_its_pack_on_its_own_samples_and_the_gateway_hears_what_it_gives():
    runner = InterpretedRunner()
    async with patch_on_air(runner, factory=PACK, seconds=35) as scene:
        heard = await listen(scene)
        assert scene.told[0] == "runs demonstration 1.0.0 DEMONSTRATION"
        assert [told.split(":")[0] for told in scene.told[1:]] == [
            f"gives for samples {first} to {first + 2500}" for first in (0, 2500, 5000)
        ]
        assert re.search(r": Low potassium 0\.\d\d, High potassium 0\.\d\d, ", scene.told[1])
        assert scene.virtual.n_outcomes == 3
    taken = sum(block.n_samples for block in heard.blocks)
    heard.first = 35 * RATE_HZ - taken
    assert [outcome.first for outcome in heard.outcomes] == [0, 2500, 5000]
    running = runner.start(PACK)
    for outcome in heard.outcomes[1:]:
        assert (outcome.simulated, outcome.contact, outcome.on_trial) == (True, True, False)
        assert outcome.pack == sha(PACK)[:8]
        np.testing.assert_array_equal(outcome.outputs, running.run(heard.window(outcome)))


@on_virtual_time
async def test_without_a_pack_it_streams_and_gives_nothing():
    async with patch_on_air(InterpretedRunner(), seconds=12) as scene:
        heard = await listen(scene)
    assert sum(block.n_samples for block in heard.blocks) == 12 * RATE_HZ
    assert (heard.outcomes, scene.told) == ([], [])


@on_virtual_time
async def test_a_pack_that_cannot_be_started_is_told_and_the_stream_goes_on():
    class Without(TableRunner):
        def start(self, _):
            return CannotRun("there is no cc here to compile it with")

    async with patch_on_air(Without(), factory=PACK, seconds=2) as scene:
        heard = await listen(scene)
    assert scene.told == ["runs no pack: there is no cc here to compile it with"]
    assert sum(block.n_samples for block in heard.blocks) == 2 * RATE_HZ


@on_virtual_time
async def test_smp_is_served_beside_the_stream_in_pieces_of_what_a_packet_holds():
    async with patch_on_air(TableRunner(), seconds=2) as scene:
        answers = asyncio.Queue()
        async with BleakClient(ADDRESS, backend=scene.radio.client) as client:
            assert client.services.get_service(SMP_SERVICE)
            await client.start_notify(SMP_CHARACTERISTIC, lambda _, data: answers.put_nowait(bytes(data)))
            asked = messages.StatusRequest().BYTES
            for piece in (asked[:5], asked[5:]):
                await client.write_gatt_char(SMP_CHARACTERISTIC, piece, response=False)
            first = await answers.get()
            size = 8 + int.from_bytes(first[2:4], "big")
            answer = first
            while len(answer) < size:
                answer += await answers.get()
            assert len(first) == min(size, client.mtu_size - 3)
            assert messages.StatusResponse.loads(answer).board == "nrf52840"


@on_virtual_time
async def test_a_reset_begins_a_new_count_breaks_the_link_and_the_confirmed_pack_runs_again():
    runner = TableRunner()
    async with patch_on_air(runner, factory=PACK, seconds=20) as scene:
        broken = asyncio.Event()
        async with BleakClient(
            ADDRESS, backend=scene.radio.client, disconnected_callback=lambda _: broken.set()
        ) as client:
            assert client.is_connected
            await asyncio.sleep(5)
            outcomes = scene.virtual.n_outcomes
            scene.host.reset()
            await broken.wait()
        await asyncio.sleep(5)
        assert scene.virtual.n_outcomes > outcomes
        assert scene.virtual.twin.last_outcome.epoch == 2
        assert scene.virtual.twin.last_outcome.first < 5 * RATE_HZ


def twin_that_runs(runner, **options):
    device = patch(runner, factory=PACK, **options).device
    twin = FlashedPatchTwin(device, runner, RATE_HZ)
    twin.at_work.refresh()
    return twin


def take(twin, counts, first=0):
    for at in range(0, len(counts), 50):
        list(twin.taken(Taken(np.asarray(counts[at : at + 50], np.int32), first + at, 0)))
    return twin.last_outcome


def test_windows_follow_each_other_and_a_window_of_its_own_begins_after_a_reset():
    twin = twin_that_runs(TableRunner())
    assert take(twin, np.full(499, 300)) is None
    assert take(twin, np.full(2, 300), 499).first == 0
    assert (take(twin, np.full(510, 700), 501).first, twin.n_outcomes) == (500, 2)
    twin.reset()
    assert take(twin, np.full(500, 900)).first == 0
    assert (twin.last_outcome.epoch, twin.last_outcome.outputs.tolist()) == (2, [9])


def test_a_window_with_an_electrode_off_says_so_and_the_next_one_does_not():
    twin = twin_that_runs(TableRunner())
    take(twin, np.full(250, 25_000))
    assert not take(twin, np.zeros(250), 250).contact
    assert take(twin, np.zeros(500), 500).contact


def test_samples_that_are_missing_begin_a_new_window():
    twin = twin_that_runs(TableRunner())
    take(twin, np.zeros(400))
    assert take(twin, np.zeros(500), 1000).first == 1000


class Odd(TableRunner):
    def __init__(self, running):
        super().__init__()
        self.running = running

    def start(self, _):
        return self.running


class Slow(Mean):
    feed = Feed(500, 125.0, 500_000, 0.5, 0)


class Dying(Mean):
    def run(self, _):
        return None


class Wordy(Mean):
    def run(self, _):
        return np.zeros(220, np.int8)


@pytest.mark.parametrize(
    ("running", "why"),
    [
        (Slow(), "it takes 125 Hz, and the patch samples at 250 Hz"),
        (Dying(), "it died"),
        (Wordy(), "its 220 outputs do not fit one notification"),
    ],
)
def test_a_pack_that_cannot_run_on_is_ended_and_why_is_known(running, why):
    twin = twin_that_runs(Odd(running))
    assert take(twin, np.zeros(1000)) is None
    assert (twin.at_work.why, twin.at_work.works) == (why, False)
    assert take(twin, np.zeros(1000), 1000) is None


@pytest.mark.parametrize(("mtu", "n_heard"), [(23, 0), (247, 2)])
@on_virtual_time
async def test_an_outcome_is_sent_where_it_fits_a_packet(mtu, n_heard, monkeypatch):
    monkeypatch.setattr(bleak_backend, "MTU", mtu)
    async with patch_on_air(TableRunner(), factory=PACK, seconds=4) as scene:
        heard = []
        async with BleakClient(ADDRESS, backend=scene.radio.client) as client:
            await client.start_notify(OUTCOME, lambda _, data: heard.append(bytes(data)))
            await scene.virtual.over.wait()
        assert (len(heard), scene.virtual.n_outcomes) == (n_heard, 2)


@on_virtual_time
async def test_a_pack_that_died_is_told():
    async with patch_on_air(Odd(Dying()), factory=PACK, seconds=4) as scene:
        await scene.virtual.over.wait()
    assert scene.told == ["runs demonstration 1.0.0 DEMONSTRATION", "runs no pack: it died"]


@on_virtual_time
async def test_outputs_that_no_manifest_names_are_counted():
    async with patch_on_air(TableRunner(), factory=PACK, seconds=3) as scene:
        await scene.virtual.over.wait()
    assert scene.told[1] == "gives for samples 0 to 500: 1 outputs"


@pytest.mark.parametrize(("percent", "told"), [(87, 87), (-1, 100)])
def test_its_battery_is_the_one_that_smp_tells(percent, told):
    device = patch(identity=Identity(battery_percent=percent)).device
    twin = FlashedPatchTwin(device, TableRunner(), RATE_HZ)
    assert twin.read("00002a19-0000-1000-8000-00805f9b34fb") == bytes([told])
