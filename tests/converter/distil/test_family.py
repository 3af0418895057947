"""Budgets, students of every size, and the largest that has room."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.distil.architecture import STUDENT
from converter.distil.errors import DistilError, DistilFault
from converter.distil.family import candidates, family, largest_that_fits, parse_budget, scaled
from edge.boards import Room, fits
from edge.manifest import PatchNeeds

SIZES = family(4)


def counted(architecture):
    """Needs that follow from the counts alone: what a generator makes of it is tested where it is made."""
    widest = max(layer.width * layer.out_channels for layer in architecture.layers())
    return PatchNeeds(
        operators=("CONV_2D",),
        macs={"conv": architecture.n_macs},
        interpreter_arena_bytes=1,
        flash_bytes=architecture.n_parameters + 8000,
        ram_bytes=2 * widest,
        stack_bytes=400,
    )


COUNTED = {architecture: counted(architecture) for architecture in SIZES}


@pytest.mark.parametrize(
    ("text", "flash_bytes", "ram_bytes"),
    [
        ("256kB,64kB", 256_000, 64_000),
        ("256KiB,64KiB", 262_144, 65_536),
        (" 1MiB , 96 kib", 1_048_576, 98_304),
        ("1.5MB,64000", 1_500_000, 64_000),
        ("300000b,1B", 300_000, 1),
    ],
)
def test_a_budget_is_flash_and_ram_in_any_usual_unit(text, flash_bytes, ram_bytes):
    assert parse_budget(text) == Room(flash_bytes, ram_bytes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "256kB",
        "256kB,",
        "256kB,64kB,1kB",
        "256 apples,64kB",
        "-1kB,64kB",
        "0,64kB",
        "256kB,0.0001",
        "1e3,1e3",
        "a,b",
    ],
)
def test_what_is_no_budget_is_refused(text):
    with pytest.raises(ValueError, match=r"comma|amount"):
        parse_budget(text)


@given(st.integers(1, 999_999_999), st.integers(1, 999_999_999))
def test_bytes_are_read_as_they_are_written(flash_bytes, ram_bytes):
    assert parse_budget(f"{flash_bytes},{ram_bytes}") == Room(flash_bytes, ram_bytes)


@given(st.text(max_size=20))
def test_a_budget_is_read_or_refused(text):
    with contextlib.suppress(ValueError):
        room = parse_budget(text)
        assert min(room.flash_bytes, room.ram_bytes) > 0


def test_the_student_that_figures_are_stated_for_is_one_of_the_family():
    assert scaled(1.0, 1, 4) == STUDENT
    assert STUDENT in SIZES


def test_the_family_shrinks_from_one_to_the_next_and_its_channels_come_in_eights():
    macs = [architecture.n_macs for architecture in SIZES]
    assert macs == sorted(set(macs), reverse=True)
    assert all(stage.channels % 8 == 0 for architecture in SIZES for stage in architecture.stages)
    assert SIZES[0].n_parameters > 20 * SIZES[-1].n_parameters


@given(st.integers(10_000, 600_000), st.integers(8_000, 60_000))
def test_what_is_chosen_has_room_and_nothing_larger_has(flash_bytes, ram_bytes):
    room = Room(flash_bytes, ram_bytes)
    fitting = [architecture for architecture in SIZES if fits(COUNTED[architecture], room)]
    if not fitting:
        with pytest.raises(DistilError):
            largest_that_fits(room, SIZES, COUNTED.__getitem__)
        return
    assert largest_that_fits(room, SIZES, COUNTED.__getitem__) == (fitting[0], COUNTED[fitting[0]])


def test_all_that_has_room_is_given_largest_first():
    fitting = [architecture for architecture, _ in candidates(Room(60_000, 64_000), SIZES, counted)]
    assert fitting == [architecture for architecture in SIZES if architecture.n_parameters + 8000 <= 60_000]


def test_where_none_has_room_the_refusal_names_what_the_smallest_needs():
    smallest = counted(SIZES[-1])
    with pytest.raises(DistilError, match="the smallest, of 4 outputs, needs") as refused:
        largest_that_fits(Room(9_000, 64_000), SIZES, counted)
    assert refused.value.fault is DistilFault.DOES_NOT_FIT
    assert f"{smallest.flash_bytes:,}" in refused.value.problem
    advised = parse_budget(refused.value.advice.removeprefix("give --budget ").removesuffix(" or more"))
    assert fits(smallest, advised)
