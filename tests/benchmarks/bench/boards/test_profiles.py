import tomllib
from importlib.resources import files

import pytest

from benchmarks.bench.boards.shelf import (
    GENERIC,
    board_here,
    core_names,
    core_of,
    loop_costs,
    profile_names,
    profile_of,
    read_profile,
)
from edge.boards.errors import BoardError, BoardFault

SHELF = files("benchmarks") / "bench" / "boards"
PI_4 = (SHELF / "pi-4.toml").read_text()
WIDTH = {"cortex-a53": 2, "cortex-a72": 3, "cortex-a76": 4}
"""Instructions that a core decodes a cycle, by Arm's software optimisation guides."""


def test_the_boards_of_the_shelf_are_those_that_were_promised():
    assert profile_names() == ("aarch64", "pi-3b-plus", "pi-4", "pi-5", "pi-zero-2-w")


@pytest.mark.parametrize("name", profile_names())
def test_every_profile_is_named_as_its_file_and_knows_its_core(name):
    profile = read_profile(name)
    assert profile.name == name
    assert core_of(profile).name == profile.core


@pytest.mark.parametrize("name", profile_names())
def test_no_budget_is_more_than_the_board_has(name):
    profile = read_profile(name)
    budgets = profile.budgets
    assert budgets.resident_mb.allowed <= profile.memory.available_mb
    assert budgets.wearables.allowed * budgets.core_share.allowed <= 1.0


@pytest.mark.parametrize("name", profile_names())
def test_every_figure_says_where_it_is_from(name):
    def tables(part):
        for value in part.values():
            if isinstance(value, dict):
                yield value
                yield from tables(value)

    found = list(tables(tomllib.loads((SHELF / f"{name}.toml").read_text())))
    assert all(
        "source" in table or "why" in table or any(isinstance(v, dict) for v in table.values()) for table in found
    )


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("Raspberry Pi Zero 2 W Rev 1.0", "pi-zero-2-w"),
        ("Raspberry Pi 3 Model B Plus Rev 1.3", "pi-3b-plus"),
        ("Raspberry Pi 4 Model B Rev 1.5", "pi-4"),
        ("Raspberry Pi 5 Model B Rev 1.0", "pi-5"),
        ("Raspberry Pi 500 Rev 1.0", "pi-5"),
        ("Raspberry Pi Compute Module 4 Rev 1.0", "pi-4"),
        ("Raspberry Pi 3 Model B Rev 1.2", GENERIC),
        ("Radxa ROCK 5B", GENERIC),
    ],
)
def test_a_board_is_known_by_its_device_tree(tmp_path, model, name):
    (tmp_path / "model").write_text(model + "\0")
    found = board_here(tmp_path / "model", "aarch64")
    assert found is not None
    assert found.name == name


def test_a_machine_that_is_no_arm_board_is_none_of_them(tmp_path):
    assert board_here(tmp_path / "model", "x86_64") is None
    assert board_here(tmp_path / "model", "armv7l") is None


def test_what_the_kernel_says_may_be_no_text(tmp_path):
    (tmp_path / "model").write_bytes(b"\xff\xfe\0")
    assert board_here(tmp_path / "model", "x86_64") is None


def test_a_profile_may_be_a_file_of_ones_own(tmp_path):
    (tmp_path / "mine.toml").write_text(PI_4.replace('name = "pi-4"', 'name = "mine"'))
    assert read_profile(str(tmp_path / "mine.toml")).name == "mine"


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (("mhz = 1500", "mhz = -1"), "clock.mhz"),
        (("allowed = 400", "allowed = 4000"), "leave"),
        (('core = "cortex-a72"', 'core = "cortex-m4"'), "core"),
        (("n_cores = 4", "n_cores = 4\nturbo = true"), "turbo"),
        (("typical = 2.7", "typical = 0.1"), "do not ascend"),
        (("available_mb = 1_700", "available_mb = 17_000"), "no less than total_mb"),
        (("schema_version = 1", "schema_version = 9"), "schema_version"),
        (("[clock]", "[clock"), "no TOML"),
    ],
)
def test_a_profile_that_breaks_a_rule_is_refused_with_the_place(change, where):
    assert change[0] in PI_4
    with pytest.raises(BoardError, match=where) as refused:
        profile_of(PI_4.replace(*change, 1).encode(), "mine.toml")
    assert refused.value.fault is BoardFault.NONSENSE


def test_a_board_that_nobody_knows_is_refused_with_those_that_are_known(tmp_path):
    with pytest.raises(BoardError, match="pi-zero-2-w") as unknown:
        read_profile("pi-6")
    assert unknown.value.fault is BoardFault.UNKNOWN
    with pytest.raises(BoardError) as unreadable:
        read_profile(str(tmp_path / "none.toml"))
    assert unreadable.value.fault is BoardFault.UNREADABLE


@pytest.mark.parametrize("name", sorted(WIDTH))
def test_no_core_is_said_to_do_more_instructions_a_cycle_than_it_decodes(name):
    core = core_of(next(profile for profile in map(read_profile, profile_names()) if profile.core == name))
    assert 1 / core.cycles_per_instruction.low <= WIDTH[name]


def test_the_generic_core_spans_all_others():
    cores = [core_of(read_profile(board)) for board in profile_names()]
    generic = next(core for core in cores if core.name == GENERIC)
    for core in cores:
        for field in ("cycles_per_mac", "cycles_per_instruction"):
            assert getattr(generic, field).low <= getattr(core, field).low
            assert getattr(generic, field).high >= getattr(core, field).high


def test_every_core_that_is_on_the_shelf_is_of_a_board():
    assert {read_profile(board).core for board in profile_names()} == set(core_names())


def test_the_loop_is_known():
    assert loop_costs().process_mb.low > 50
