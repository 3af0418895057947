from hypothesis import given
from hypothesis import strategies as st

from edge.boards import Room, board_names, fits, read_board
from edge.manifest import PatchNeeds

bytes_ = st.integers(1, 1 << 22)
OPERATORS = ("ADD", "CONV_2D", "LOGISTIC", "MUL")


@st.composite
def needs(draw):
    return PatchNeeds(
        operators=tuple(sorted(draw(st.sets(st.sampled_from(OPERATORS), min_size=1)))),
        macs={"conv": 1},
        interpreter_arena_bytes=1,
        flash_bytes=draw(bytes_),
        ram_bytes=draw(bytes_),
        stack_bytes=draw(st.integers(1, 1 << 14)),
    )


@st.composite
def rooms(draw):
    return Room(draw(bytes_), draw(bytes_), frozenset(draw(st.sets(st.sampled_from(OPERATORS)))))


@given(needs(), rooms(), bytes_, bytes_)
def test_more_memory_never_stops_a_pack_from_fitting(asked, room, more_flash, more_ram):
    larger = Room(room.flash_bytes + more_flash, room.ram_bytes + more_ram, room.operators)
    assert bool(fits(asked, larger)) >= bool(fits(asked, room))


@given(needs(), rooms())
def test_what_is_spare_is_what_there_is_less_what_is_needed(asked, room):
    fit = fits(asked, room)
    assert fit.flash.spare_bytes == room.flash_bytes - asked.flash_bytes
    assert fit.ram.spare_bytes == room.ram_bytes - asked.ram_bytes - asked.stack_bytes


@given(needs(), rooms())
def test_it_fits_where_nothing_is_short_and_every_operator_is_known(asked, room):
    fit = fits(asked, room)
    known = not room.operators or set(asked.operators) <= room.operators
    assert bool(fit) == (fit.flash.spare_bytes >= 0 and fit.ram.spare_bytes >= 0 and known)
    assert known == (not fit.unknown_operators)


def test_a_board_has_room_for_as_many_copies_as_it_has_slots():
    board = read_board("nrf52840")
    one = board.model_copy(update={"slots": 1})
    assert Room.on(one).flash_bytes == board.flash.free_bytes == 2 * Room.on(board).flash_bytes


def test_a_board_and_the_room_on_it_are_the_same_place():
    asked = PatchNeeds(operators=(), macs={}, interpreter_arena_bytes=1, flash_bytes=9, ram_bytes=9, stack_bytes=9)
    for name in board_names():
        assert fits(asked, read_board(name)) == fits(asked, Room.on(read_board(name)))
