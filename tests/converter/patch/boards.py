"""Boards, needs and work made up for tests of what a pack will cost."""

from hypothesis import strategies as st

from converter.patch.fit import Basis, Battery, Wearing, Work
from edge.boards import board_names, read_board
from edge.boards.span import Span
from edge.manifest import PatchNeeds

LIPO = Battery("a cell", 100, 3.7)
BOARDS = tuple(read_board(name) for name in board_names())


def needs(flash_bytes=1000, ram_bytes=1000, stack_bytes=100, **macs):
    return PatchNeeds(
        operators=("ADD", "CONV_2D"),
        macs=macs or {"conv": 5_000_000},
        interpreter_arena_bytes=1,
        flash_bytes=flash_bytes,
        ram_bytes=ram_bytes,
        stack_bytes=stack_bytes,
    )


def work(preprocess=1e6, infer=1e7, spread=0.0):
    return Work(*(Span(n * (1 - spread), n, n * (1 + spread)) for n in (preprocess, infer)), Basis.COUNTED, "made up")


def wearing(hop_s=10.0, rest_uw=450.0, battery=LIPO):
    return Wearing(hop_s, battery, rest_uw)


boards = st.sampled_from(BOARDS)
works = st.builds(work, st.floats(1e3, 1e8), st.floats(1e3, 1e9), st.floats(0, 0.9))
wearings = st.builds(wearing, st.floats(0.5, 600), st.floats(0, 5000))
