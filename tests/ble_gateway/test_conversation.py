import asyncio
import contextlib

import pytest
from bleak import BleakClient
from bleak.exc import BleakCharacteristicNotFoundError, BleakError, BleakGATTProtocolError

from ble_gateway.conversation import Conversation
from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.direct import DirectAir
from ble_gateway.simulator.twin import Advertisement, Offered, OfferedService, Property, Sent
from ble_gateway.wearables.heart_rate import BATTERY_LEVEL, HEART_RATE_MEASUREMENT
from ble_gateway.wearables.wearable import Ask, Poll, Read, Subscribe, Write
from tests.ble_gateway.faults import Faults
from tests.ble_gateway.scenes import ADDRESS, on_virtual_time

SPEAKS, ALSO_SPEAKS, READABLE, MISSING = (f"0000000{n}-1ebf-4dde-a5b8-6d8c54390df7" for n in (1, 2, 3, 4))
SERVICES = (
    OfferedService(
        "00000000-1ebf-4dde-a5b8-6d8c54390df7",
        (
            Offered(SPEAKS, Property.WRITE | Property.NOTIFY),
            Offered(ALSO_SPEAKS, Property.NOTIFY),
            Offered(READABLE, Property.READ, b"value"),
            Offered(BATTERY_LEVEL, Property.READ | Property.NOTIFY, b"\x57"),
            Offered(HEART_RATE_MEASUREMENT, Property.READ),
        ),
    ),
)


class Peer:
    """Someone to talk with, and what was said."""

    def __init__(self, faults=None):
        self.faults = faults or Faults()
        self.heard, self.written, self.subscribed = [], [], []
        self.answers = lambda _: ()

    @contextlib.asynccontextmanager
    async def conversation(self):
        air = DirectAir()
        self.peripheral = air.peripheral(Advertisement("peer"), SERVICES, ADDRESS)
        self.peripheral.ears.written = self._on_written
        self.peripheral.ears.subscribed = self.subscribed.append
        await self.peripheral.power_on()
        async with BleakClient(ADDRESS, backend=self.faults.of(air.radio()).client) as client:
            conversation = Conversation(client, lambda uuid, data: self.heard.append((uuid, data)))
            yield conversation
            conversation.end()

    def _on_written(self, uuid, data):
        self.written.append((asyncio.get_running_loop().time(), uuid, data))
        for uuid_, value in self.answers(data):
            asyncio.get_running_loop().create_task(self.say(uuid_, value))

    async def say(self, uuid, value):
        await self.peripheral.send(Sent(uuid, value))


def _dialogue(answers, *steps):
    for step in steps:
        answers.append((yield step))


async def _held(peer, *steps):
    answers = []
    async with peer.conversation() as conversation:
        await conversation.hold(_dialogue(answers, *steps))
    return answers


def _ask(within_s=10.0):
    return Ask(Write(SPEAKS, b"?"), SPEAKS, lambda value: value[:1] == b"!", within_s)


@on_virtual_time
async def test_each_step_is_taken_in_its_turn_and_given_its_answer():
    peer = Peer()
    peer.answers = lambda data: [(SPEAKS, b"!" + data)] if data == b"?" else []
    steps = (Subscribe(SPEAKS), Read(READABLE), Write(SPEAKS, b"w"), _ask())
    assert await _held(peer, *steps) == [None, b"value", None, b"!?"]
    assert [data for _, _, data in peer.written] == [b"w", b"?"]
    assert (READABLE, b"value") in peer.heard


@on_virtual_time
async def test_what_is_not_there_is_none_where_it_is_read_and_left_out_where_it_is_not_needed():
    peer = Peer()
    assert await _held(peer, Read(MISSING), Subscribe(MISSING, needed=False), Subscribe(READABLE, needed=False)) == [
        None,
        None,
        None,
    ]
    assert (peer.heard, peer.subscribed) == ([], [])


@on_virtual_time
async def test_what_is_needed_and_not_there_is_an_error():
    with pytest.raises(BleakCharacteristicNotFoundError):
        await _held(Peer(), Subscribe(MISSING))


@on_virtual_time
async def test_what_is_subscribed_to_twice_is_heard_once():
    peer = Peer()
    async with peer.conversation() as conversation:
        await conversation.hold(_dialogue([], Subscribe(SPEAKS), Subscribe(SPEAKS)))
        await peer.say(SPEAKS, b"once")
    assert peer.subscribed == [SPEAKS]
    assert peer.heard == [(SPEAKS, b"once")]


@on_virtual_time
async def test_an_answer_is_found_among_all_else_and_everything_is_heard_in_the_order_it_came():
    peer = Peer()
    said = [
        (ALSO_SPEAKS, b"!not here"),
        *((SPEAKS, b"noise %d" % n) for n in range(100)),
        (SPEAKS, b"!yes"),
        (SPEAKS, b"!no"),
    ]
    peer.answers = lambda _: said
    assert await _held(peer, Subscribe(SPEAKS), Subscribe(ALSO_SPEAKS), _ask()) == [None, None, b"!yes"]
    assert peer.heard == said


@on_virtual_time
async def test_an_answer_that_does_not_come_in_time_is_a_timeout():
    peer = Peer()
    began_s = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await _held(peer, Subscribe(SPEAKS), _ask(within_s=3))
    assert asyncio.get_running_loop().time() - began_s == pytest.approx(3)


@on_virtual_time
async def test_an_answer_to_an_earlier_question_is_none_to_a_later_one():
    peer = Peer()
    async with peer.conversation() as conversation:
        await conversation.hold(_dialogue([], Subscribe(SPEAKS)))
        await peer.say(SPEAKS, b"!too early")
        with pytest.raises(TimeoutError):
            await conversation.hold(_dialogue([], _ask(within_s=1)))


@on_virtual_time
async def test_a_dialogue_that_says_no_is_told_and_the_next_can_be_held():
    def refuse():
        yield Read(READABLE)
        raise GatewayError(GatewayFault.REFUSED, "it says no", advice="ask another")

    async with Peer().conversation() as conversation:
        with pytest.raises(GatewayError, match="it says no"):
            await conversation.hold(refuse())
        answers = []
        await conversation.hold(_dialogue(answers, Read(READABLE)))
        assert answers == [b"value"]


@on_virtual_time
async def test_extras_are_taken_where_they_are_given_and_are_worth_no_error():
    def before(_, step):
        if step == "read":
            raise BleakGATTProtocolError(2)

    refusing, giving = Peer(Faults(before=before)), Peer()
    for peer in (refusing, giving):
        async with peer.conversation() as conversation:
            await conversation.take_extras()
        assert peer.subscribed == [BATTERY_LEVEL]
    assert (refusing.heard, giving.heard) == ([], [(BATTERY_LEVEL, b"\x57")])


@on_virtual_time
async def test_a_link_that_breaks_while_extras_are_taken_is_told_of():
    peer = Peer()
    peer.faults.before = lambda _, step: step == "read" and peer.peripheral.client.broke(properly=False)
    with pytest.raises(BleakError):
        async with peer.conversation() as conversation:
            await conversation.take_extras()


@on_virtual_time
async def test_what_is_written_later_is_written_in_order_and_too_much_of_it_is_forgotten():
    peer = Peer()
    async with peer.conversation() as conversation:
        for n in range(40):
            conversation.later(Write(SPEAKS, bytes([n])))
        conversation.go_on(None)
        await asyncio.sleep(1)
        conversation.later(Write(SPEAKS, b"after"))
        await asyncio.sleep(1)
    written = [data for _, _, data in peer.written]
    assert written == [bytes([n]) for n in range(len(written) - 1)] + [b"after"]
    assert 8 <= len(written) <= 20


@on_virtual_time
async def test_it_is_polled_at_even_times_until_the_end_through_writes_that_fail():
    n_writes = iter(range(100))

    def before(_, step):
        if step == "write" and next(n_writes) in {2, 3}:
            raise BleakError("no luck")

    peer = Peer(Faults(before=before))
    async with peer.conversation() as conversation:
        conversation.go_on(Poll(Write(SPEAKS, b"poll"), every_s=1.0))
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(7.5)
        conversation.end()
        await asyncio.sleep(5)
    assert [at_s - began_s for at_s, _, _ in peer.written] == pytest.approx([0, 1, 4, 5, 6, 7])


@on_virtual_time
async def test_polls_that_are_late_are_not_made_up_for():
    peer = Peer()
    async with peer.conversation() as conversation:
        write = conversation._client.write_gatt_char

        async def slow(*arguments, **options):
            await write(*arguments, **options)
            await asyncio.sleep(2.5)

        conversation._client.write_gatt_char = slow
        conversation.go_on(Poll(Write(SPEAKS, b"poll"), every_s=1.0))
        began_s = asyncio.get_running_loop().time()
        await asyncio.sleep(8)
    assert [at_s - began_s for at_s, _, _ in peer.written] == pytest.approx([0, 2.5, 5, 7.5])
