"""Whether what a pack needs has room on a board, and by how much."""

from dataclasses import dataclass

from edge.boards.profile import Board
from edge.manifest import PatchNeeds


@dataclass(frozen=True, slots=True)
class Room:
    """What a patch has for a pack, as its profile or the patch itself says.

    Parameters
    ----------
    flash_bytes
        Of each of its slots.
    ram_bytes
        For static memory and stack together.
    operators
        TFLite's names of those it can run; empty for any.
    """

    flash_bytes: int
    ram_bytes: int
    operators: frozenset[str] = frozenset()

    @classmethod
    def on(cls, board: Board) -> "Room":
        """Return what the board's profile leaves for a pack."""
        return cls(board.flash.free_bytes // board.slots, board.ram.free_bytes, frozenset(board.operators))


@dataclass(frozen=True, slots=True)
class Margin:
    """What is needed of a memory, and what there is.

    Parameters
    ----------
    needed_bytes, room_bytes
        The two.
    """

    needed_bytes: int
    room_bytes: int

    @property
    def spare_bytes(self) -> int:
        """What is left over; below 0 where it is short."""
        return self.room_bytes - self.needed_bytes

    @property
    def enough(self) -> bool:
        """Whether there is room."""
        return self.spare_bytes >= 0


@dataclass(frozen=True, slots=True)
class Fit:
    """Whether a pack fits, resource by resource.

    Parameters
    ----------
    flash
        Code, tables and weights in one slot.
    ram
        Static memory, input and output included, and stack.
    unknown_operators
        TFLite's names of those the patch cannot run.
    """

    flash: Margin
    ram: Margin
    unknown_operators: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.flash.enough and self.ram.enough and not self.unknown_operators


def fits(needs: PatchNeeds, place: Board | Room) -> Fit:
    """Say whether a pack has room.

    Parameters
    ----------
    needs
        What the pack asks of a patch.
    place
        The board's profile, or what a patch says it has.
    """
    room = Room.on(place) if isinstance(place, Board) else place
    unknown = tuple(name for name in needs.operators if room.operators and name not in room.operators)
    return Fit(
        Margin(needs.flash_bytes, room.flash_bytes),
        Margin(needs.ram_bytes + needs.stack_bytes, room.ram_bytes),
        unknown,
    )
