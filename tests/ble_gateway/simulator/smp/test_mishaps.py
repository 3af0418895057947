import contextlib

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smp import file_management as fs
from smp.error import MGMT_ERR
from smp.file_management import FileSystemManagementErrorV1 as ErrorV1
from smp.os_management import EchoWriteRequest

from ble_gateway.cli.failing import read_plan
from ble_gateway.errors import GatewayError
from ble_gateway.flash import messages
from ble_gateway.flash.messages import ErrorV2, PatchError
from ble_gateway.simulator.smp.lines import to_lines
from ble_gateway.simulator.smp.mishaps import CALM, Mishaps, Plan, Wrong
from tests.ble_gateway.simulator.smp.asking import Then, pack_of, patch, sha

DATA = bytes(range(250)) * 20


def uploaded(asked):
    """What happens to each of the requests of an upload."""
    return [
        asked.react(fs.FileUploadRequest(off=off, data=DATA[off : off + 500], name="/packs/0", len=len(DATA)))
        for off in range(0, len(DATA), 500)
    ]


@pytest.mark.parametrize(("word", "then"), [("cut@1234", Then.CUT), ("reset@1234", Then.RESET)])
def test_the_link_is_lost_once_with_the_request_that_brings_the_byte(word, then):
    asked = patch(plan=read_plan([word], seed=1))
    for reaction in (first := uploaded(asked))[:2] + first[3:]:
        assert reaction.then is Then.NOTHING
    assert (first[2].then, first[2].answer) == (then, None)
    assert {reaction.then for reaction in uploaded(asked)} == {Then.NOTHING}


def test_the_seed_decides_whether_the_link_is_lost_before_or_after_the_request_was_obeyed():
    lengths = set()
    for seed in range(20):
        asked = patch(plan=read_plan(["cut@600"], seed=seed))
        asked.react(fs.FileUploadRequest(off=0, data=DATA[:500], name="/packs/0", len=len(DATA)))
        asked.react(fs.FileUploadRequest(off=500, data=DATA[500:1000], name="/packs/0"))
        asked.ask(fs.FileCloseRequest(), fs.FileCloseResponse)
        lengths.add(asked.ask(fs.FileStatusRequest(name="/packs/0"), fs.FileStatusResponse).len)
    assert lengths == {500, 1000}


def test_there_is_no_space_beyond_what_was_said():
    answers = uploaded(patch(plan=read_plan(["full@1200"], seed=0)))
    assert [cbor2.loads(reaction.answer[8:]) for reaction in answers[:3]] == [
        {"off": 500},
        {"off": 1000},
        {"err": {"group": 8, "rc": 10}},
    ]


def test_every_answer_is_as_slow_as_was_said():
    asked = patch(plan=read_plan(["slow=0.5"], seed=0))
    assert asked.react(EchoWriteRequest(d="hi")).delay_s == 0.5


def test_it_lies_about_hashes_and_about_nothing_else():
    asked = patch(plan=read_plan(["hash"], seed=0))
    asked.upload(DATA)
    lie = asked.ask(fs.FileHashChecksumRequest(name="/packs/0"), fs.FileHashChecksumResponse)
    assert lie.output != sha(DATA)
    crc = asked.ask(fs.FileHashChecksumRequest(name="/packs/0", type="crc32"), fs.FileHashChecksumResponse)
    assert isinstance(crc.output, int)
    assert asked.ask(fs.FileStatusRequest(name="/packs/0"), fs.FileStatusResponse).len == len(DATA)


def test_it_flips_one_bit_of_what_it_stores():
    memory = {}
    asked = patch(plan=read_plan(["flip"], seed=0), memory=memory)
    asked.upload(DATA)
    stored = memory["pack0"]
    assert sum((a ^ b).bit_count() for a, b in zip(DATA, stored, strict=True)) == 1
    worn = Mishaps(Plan(wrongs=frozenset({Wrong.FLIP}))).worn(memory)
    assert (len(worn), sorted(worn)) == (2, ["image0", "pack0"])
    del worn["pack0"]
    assert "pack0" not in memory


@pytest.mark.parametrize(("word", "error"), [("battery", PatchError.BATTERY_LOW), ("board", PatchError.DOES_NOT_FIT)])
def test_it_is_another_patch_than_the_one_that_was_meant(word, error):
    asked, pack = patch(plan=read_plan([word], seed=0)), pack_of(board="nrf52840")
    status = asked.status()
    assert status.battery_percent < 5 or status.board != "nrf52840"
    asked.upload(pack)
    assert asked.refused(messages.TryRequest(path="/packs/0", sha256=sha(pack)), ErrorV2) == error


def test_its_self_test_fails():
    asked, pack = patch(plan=read_plan(["self-test"], seed=0)), pack_of()
    asked.upload(pack)
    tried = asked.ask(messages.TryRequest(path="/packs/0", sha256=sha(pack)), messages.TryResponse)
    assert (tried.windows, tried.differing) == (2, 1)
    assert asked.device.running_file() is None


def test_all_requests_are_answered_with_an_error():
    asked = patch(plan=read_plan(["errors=1"], seed=0))
    assert asked.refused(fs.FileCloseRequest(), ErrorV1) == MGMT_ERR.ENOMEM


def test_all_requests_are_answered_with_an_error_that_the_library_cannot_read():
    answer = patch(plan=read_plan(["unreadable=1"], seed=0)).react(fs.FileCloseRequest()).answer
    assert cbor2.loads(answer[8:]) == {"err": {"group": 8, "rc": 11}, "len": 0}


def test_a_part_of_requests_is_lost():
    asked = patch(plan=read_plan(["lost=0.5"], seed=0))
    answered = sum(asked.react(EchoWriteRequest(d="x")).answer is not None for _ in range(1000))
    assert 450 < answered < 550


def test_a_bad_wire_changes_a_byte_or_says_something_else_first():
    lines = to_lines(bytes(200))
    garbled = [Mishaps(Plan(seed, garbled=1)).garbled(lines) for seed in range(20)]
    assert {len(heard) > len(lines) for heard in garbled} == {True, False}
    assert all(b"".join(heard) != b"".join(lines) for heard in garbled)
    assert Mishaps(CALM).garbled(lines) == lines


def test_the_same_seed_fails_the_same_way():
    def answers(seed):
        plan = read_plan(["lost=0.2", "errors=0.2", "unreadable=0.2"], seed=seed)
        return [reaction.answer and reaction.answer[8:] for reaction in uploaded(patch(plan=plan))]

    assert answers(3) == answers(3)
    assert answers(3) != answers(4)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "cut",
        "cut@",
        "cut@x",
        "cut=3",
        "full@1.5",
        "slow=",
        "lost=2",
        "slow=-1",
        "cut@-1",
        "hush",
        "burst=x",
        "burst=0",
        "full@-1",
        "slow=nan",
        "slow=inf",
    ],
)
def test_what_is_no_way_to_fail_is_one_clear_line(word):
    with pytest.raises(GatewayError, match=r"choose among cut@BYTE, .*self-test, battery, board"):
        read_plan([word], seed=0)


@given(words=st.lists(st.text(max_size=12) | st.from_regex(r"(cut|lost|slow|full)[@=][0-9.e-]{0,4}"), max_size=3))
def test_any_words_are_a_plan_or_one_clear_line(words):
    with contextlib.suppress(GatewayError):
        read_plan(words, seed=0)


def test_a_plan_has_no_negative_seed():
    with pytest.raises(ValueError, match="negative"):
        Plan(seed=-1)
