import pytest

from edge.boards import BoardError, BoardFault, board_names, read_board
from edge.boards.profile import Board, Unit
from edge.boards.shelf import board_of, core_names, core_of
from tests.edge.boards.profiles import profile

SHIPPED = (
    "apollo4", "cortex-m55-u55", "esp32s3", "nrf52840", "nrf5340", "rp2350", "stm32l4r5", "stm32u575",
)  # fmt: skip


def refusal(content):
    with pytest.raises(BoardError) as caught:
        board_of(content, "mine.toml")
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


def test_the_boards_that_ship_are_known_by_name():
    assert board_names() == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_a_board_that_ships_is_called_as_its_file_and_its_core_is_known(name):
    board = read_board(name)
    assert (board.name, core_of(board).name) == (name, board.core)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_figure_of_a_board_that_ships_says_where_it_is_from(name):
    board = read_board(name)
    sources = [
        board.flash.source, board.flash.reserved_source, board.ram.source, board.ram.reserved_source,
        board.clock.source, board.cycles_per_instruction.source, board.active_mw.source, board.asleep_uw.source,
        core_of(board).source, *([board.npu.cycles_per_mac.source] if board.npu else []),
    ]  # fmt: skip
    assert all(len(source) > 20 for source in sources)


@pytest.mark.parametrize("name", SHIPPED)
def test_an_estimate_says_that_it_is_one_and_gives_a_range(name):
    board = read_board(name)
    figures = (board.cycles_per_instruction, board.active_mw, board.asleep_uw)
    assert all(figure.low < figure.high for figure in figures if "estimate" in figure.source)


def test_cores_have_a_cost_for_everything_a_network_does():
    for name in core_names():
        assert core_of(read_board("nrf52840").model_copy(update={"core": name})).instructions.keys() == set(Unit)


def test_anyone_may_add_a_board_as_a_file(tmp_path):
    (tmp_path / "mine.toml").write_bytes(profile(operators='["ADD", "CONV_2D"]', slots="1"))
    board = read_board(str(tmp_path / "mine.toml"))
    assert (board.title, board.operators, board.slots) == ("Mine", ("ADD", "CONV_2D"), 1)


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"ram__total_bytes": "-5"}, "ram.total_bytes", "greater than 0"),
        ({"ram__total_bytes": '"256 kB"'}, "ram.total_bytes", "valid integer"),
        ({"ram__total_bytes": "true"}, "ram.total_bytes", "valid integer"),
        ({"flash__total_bytes": "99999999999999"}, "flash.total_bytes", "less than or equal"),
        ({"flash__reserved_bytes": "1000000"}, "flash", "leave nothing"),
        ({"ram__source": None}, "ram.source", "required"),
        ({"active_mw__source": '""'}, "active_mw.source", "at least 8 characters"),
        ({"cycles_per_instruction__high": "5.5"}, "cycles_per_instruction", "do not ascend"),
        ({"cycles_per_instruction__low": "nan"}, "cycles_per_instruction.low", "finite"),
        ({"active_mw__high": "inf"}, "active_mw.high", "finite"),
        ({"clock__mhz": "0"}, "clock.mhz", "greater than 0"),
        ({"clock__mhz": None}, "clock.mhz", "required"),
        ({"core": '"z80"'}, "core", "none of cortex-m33"),
        ({"name": '"My Board"'}, "name", "match pattern"),
        ({"schema_version": "2"}, "schema_version", "should be 1"),
        ({"slots": "0"}, "slots", "greater than or equal to 1"),
        ({"colour": '"red"'}, "colour", "not permitted"),
        ({"asleep_uw__high": "50000"}, "the file", "no less than active_mw"),
        ({"operators": "[1]"}, "operators.0", "valid string"),
    ],
)
def test_nonsense_in_a_board_file_is_one_line_that_names_the_field(changed, field, why):
    error = refusal(profile(**changed))
    assert error.fault is BoardFault.NONSENSE
    assert f"at {field}:" in str(error)
    assert why in str(error)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"= 3", b"", b"a = [" * 5000, b"[flash]\n[flash]"])
def test_a_file_that_is_no_profile_is_one_line(content):
    assert refusal(content).fault is BoardFault.NONSENSE


def test_a_board_nobody_knows_is_answered_with_those_that_are():
    with pytest.raises(BoardError, match="nrf52840, nrf5340") as caught:
        read_board("nrf9999")
    assert caught.value.fault is BoardFault.UNKNOWN


@pytest.mark.parametrize("name", ["../nrf52840", "cores/cortex-m4", ""])
def test_a_name_is_no_way_into_other_folders(name):
    with pytest.raises(BoardError):
        read_board(name)


def test_a_board_file_that_cannot_be_read_is_one_line(tmp_path):
    with pytest.raises(BoardError, match="No such file") as caught:
        read_board(str(tmp_path / "absent.toml"))
    assert caught.value.fault is BoardFault.UNREADABLE


def test_a_file_far_too_large_is_not_read_to_its_end(tmp_path):
    (tmp_path / "large.toml").write_bytes(b"#" * (2 << 20))
    with pytest.raises(BoardError, match="far too large"):
        read_board(str(tmp_path / "large.toml"))


def test_the_form_is_that_of_the_boards_that_ship():
    assert isinstance(board_of(profile(), "mine.toml"), Board)
