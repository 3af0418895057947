import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.patch.fit import (
    OneSlot,
    OtherBoards,
    OtherOperators,
    Pace,
    Slower,
    Smaller,
    in_words,
    predict,
    remedies,
    work_from_table,
)
from edge.boards import read_board
from edge.boards.profile import Unit
from edge.boards.shelf import core_of
from tests.converter.patch.boards import BOARDS, LIPO, boards, needs, wearing, wearings, work, works

counts = st.dictionaries(st.sampled_from(list(Unit)), st.integers(0, 10**8))


def spans(found):
    yield from (found.latency_ms, found.energy_uj, found.duty, found.mean_uw, found.battery_days, found.asleep_uw)
    if found.accelerated:
        yield found.accelerated.latency_ms


@given(boards, works, wearings)
def test_the_typical_figure_lies_within_its_uncertainty(board, asked, worn):
    assert all(span.low <= span.typical <= span.high for span in spans(predict(needs(), asked, board, worn)))


@given(boards, works, wearings, st.floats(1.01, 10))
def test_more_instructions_take_longer_and_empty_the_battery_sooner(board, asked, worn, more):
    dearer = work(asked.preprocess.typical * more, asked.infer.typical * more)
    cheap, dear = (
        predict(needs(), one, board, worn) for one in (work(asked.preprocess.typical, asked.infer.typical), dearer)
    )
    assert dear.latency_ms.typical > cheap.latency_ms.typical
    if dear.pace is not Pace.TOO_SLOW:
        assert dear.duty.typical > cheap.duty.typical
        assert dear.battery_days.typical < cheap.battery_days.typical


@given(boards, works, wearings, st.floats(1.01, 10))
def test_windows_further_apart_never_empty_the_battery_sooner(board, asked, worn, further):
    rarely = predict(needs(), asked, board, wearing(worn.hop_s * further, worn.rest_uw))
    assert rarely.battery_days.typical >= predict(needs(), asked, board, worn).battery_days.typical * (1 - 1e-9)


@given(boards, works, wearings)
def test_no_patch_draws_more_than_one_that_computes_all_the_time(board, asked, worn):
    found = predict(needs(), asked, board, worn)
    assert found.mean_uw.high <= (board.active_mw.high * 1e3 + board.asleep_uw.high + worn.rest_uw) * (1 + 1e-9)


@given(boards, works, wearings)
def test_it_keeps_up_where_even_the_slowest_window_is_done_before_the_next(board, asked, worn):
    found = predict(needs(), asked, board, worn)
    assert (found.pace is Pace.KEEPS_UP) == (found.latency_ms.high <= 1e3 * worn.hop_s)
    assert (found.pace is Pace.TOO_SLOW) == (found.latency_ms.typical > 1e3 * worn.hop_s)


@given(counts, counts, counts, boards)
def test_what_is_estimated_from_the_table_adds_up(preprocess, one, other, board):
    core = core_of(board)
    both = {unit: one.get(unit, 0) + other.get(unit, 0) for unit in Unit}
    apart = work_from_table(preprocess, one, core).infer + work_from_table({}, other, core).infer
    together = work_from_table(preprocess, both, core).infer
    assert together.typical == pytest.approx(apart.typical)
    assert together.low <= together.typical <= together.high


def test_the_energy_of_a_window_is_power_times_time():
    found = predict(needs(), work(), read_board("stm32u575"), wearing())
    assert found.latency_ms.typical == pytest.approx(11e6 * 1.3 / 160e3)
    assert found.energy_uj.typical == pytest.approx(23.4 * found.latency_ms.typical)


def test_a_battery_gives_its_charge_times_its_voltage_less_what_cannot_be_used():
    assert LIPO.millijoules.typical == pytest.approx(0.85 * 0.1 * 3600 * 3.7 * 1e3)
    found = predict(needs(), work(), read_board("nrf52840"), wearing(rest_uw=1e4))
    assert found.battery_days.typical == pytest.approx(LIPO.millijoules.typical / found.mean_uw.typical * 1e3 / 86400)


def test_an_accelerator_takes_the_network_and_leaves_the_filters():
    board = read_board("cortex-m55-u55")
    alone = predict(needs(conv=0, elementwise=9), work(preprocess=1.6e5, infer=1e9), board, wearing())
    assert alone.accelerated.latency_ms.typical == pytest.approx(board.cycles_per_instruction.typical)
    assert predict(needs(), work(), read_board("nrf52840"), wearing()).accelerated is None


def test_nothing_is_advised_where_it_fits():
    found = predict(needs(), work(), read_board("nrf52840"), wearing())
    assert found
    assert remedies(found, [predict(needs(), work(), board, wearing()) for board in BOARDS]) == ()


def test_too_much_memory_is_answered_with_a_smaller_network_and_with_boards_that_have_it():
    asked = needs(ram_bytes=300_000)
    found = predict(asked, work(), read_board("nrf52840"), wearing())
    advised = remedies(found, [predict(asked, work(), board, wearing()) for board in BOARDS])
    assert not found
    assert advised[0] == Smaller(278_528, 163_840)
    assert isinstance(advised[-1], OtherBoards)
    assert "nrf5340" in advised[-1].names
    assert "nrf52840" not in advised[-1].names
    assert in_words(advised[0], "a.tflite", "nrf52840", teaches=True) == (
        "a student: anyecg distil a.tflite --board nrf52840 --budget 278kB,163kB -o student.tflite"
    )
    assert "278,528 bytes of flash" in in_words(advised[0], "a.tflite", "nrf52840", teaches=False)


def test_flash_that_is_short_with_two_slots_may_do_with_one():
    found = predict(needs(flash_bytes=400_000), work(), read_board("nrf52840"), wearing())
    assert OneSlot(557_056) in remedies(found, ())
    too_large = predict(needs(flash_bytes=600_000), work(), read_board("nrf52840"), wearing())
    assert not any(isinstance(remedy, OneSlot) for remedy in remedies(too_large, ()))


def test_a_board_that_is_too_slow_is_given_more_time():
    found = predict(needs(), work(infer=1e9), read_board("nrf52840"), wearing())
    assert found.pace is Pace.TOO_SLOW
    (slower,) = remedies(found, ())
    assert isinstance(slower, Slower)
    assert predict(needs(), work(infer=1e9), read_board("nrf52840"), wearing(slower.hop_s * 1.001))
    assert in_words(Slower(27.1), "a.tflite", "nrf52840", teaches=True) == "windows further apart: --hop 28"


def test_firmware_that_lacks_an_operator_is_told_which():
    board = read_board("nrf52840").model_copy(update={"operators": ("CONV_2D",)})
    found = predict(needs(), work(), board, wearing())
    assert remedies(found, ()) == (OtherOperators(("ADD",)),)
    assert "ADD" in in_words(OtherOperators(("ADD",)), "a.tflite", "nrf52840", teaches=True)
    assert in_words(OneSlot(5000), "a", "b", teaches=True).startswith("one slot of 5,000 bytes")
    assert in_words(OtherBoards(("x", "y")), "a", "b", teaches=True) == "another board: x, y"
