"""Boards as data, and whether a pack fits one."""

from edge.boards.errors import BoardError, BoardFault
from edge.boards.fitting import Fit, Margin, Room, fits
from edge.boards.profile import Board
from edge.boards.shelf import board_names, read_board

__all__ = ["Board", "BoardError", "BoardFault", "Fit", "Margin", "Room", "board_names", "fits", "read_board"]
