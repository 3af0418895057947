"""What goes wrong between a gateway and the air, and what must hold all the same."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ble_gateway.wearables.wearable import Gives
from tests.ble_gateway.scenes import ramp


@dataclass
class Faults:
    """What goes wrong between a gateway and the air; `before` and `after` are told each step, by number and name."""

    before: Callable[[int, str], object] = lambda _number, _step: None
    after: Callable[[int, str], object] = lambda _number, _step: None
    scanning: Callable[[], object] = lambda: None
    hangs_at: tuple[str, ...] = ()
    steps: list[str] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def _step(self, name):
        number = len(self.steps)
        self.steps.append(name)
        self.before(number, name)
        if name in self.hangs_at:
            await asyncio.sleep(1e6)
        yield
        self.after(number, name)

    def of(self, radio):
        """That radio, with them."""
        faults = self

        class Client(radio.client):
            async def connect(self, pair, **options):
                async with faults._step("connect"):
                    await super().connect(pair, **options)

            async def disconnect(self):
                async with faults._step("disconnect"):
                    await super().disconnect()

            async def pair(self, *arguments, **options):
                async with faults._step("pair"):
                    await super().pair(*arguments, **options)

            async def read_gatt_char(self, characteristic, **options):
                async with faults._step("read"):
                    return await super().read_gatt_char(characteristic, **options)

            async def write_gatt_char(self, characteristic, data, response):
                async with faults._step("write"):
                    await super().write_gatt_char(characteristic, data, response)

            async def start_notify(self, characteristic, callback, **options):
                async with faults._step("subscribe"):
                    await super().start_notify(characteristic, callback, **options)

        class Scanner(radio.scanner):
            async def start(self):
                faults.scanning()
                await super().start()

        return replace(radio, client=Client, scanner=Scanner)


def drop(on_air):
    """Break the link, as distance does."""
    client = on_air.virtual.peripheral.client
    if client:
        client.broke(properly=False)


def go_away(on_air, for_s):
    """The wearable does not advertise for so long."""
    peripheral = on_air.virtual.peripheral
    peripheral.advertises = False

    def return_():
        peripheral.advertises = peripheral.client is None

    asyncio.get_running_loop().call_later(for_s, return_)
    return True


def assert_all_is_accounted_for(stream, blocks):
    """Blocks follow each other, and what is missing between them is what the stream has counted."""
    end_index = 0
    for block in blocks:
        block.follows(end_index)
        end_index = block.end_index
        assert block.gap_before is None or block.gap_before.n_samples > 0
    assert stream.samples_received + stream.samples_lost == end_index


def assert_the_last_samples_came(on_air, blocks):
    """The stream went on to its end."""
    assert blocks
    if on_air.wearable.gives is Gives.WAVES:
        assert blocks[-1].counts[-1] == ramp(on_air.virtual.samples_sent)[-1]
