"""Boards that the gateway runs on: their budgets, and what a pack is predicted to cost there until it is measured."""

from benchmarks.bench.boards.profile import Core, Loop, Profile
from benchmarks.bench.boards.shelf import board_here, core_of, loop_costs, profile_names, read_profile

__all__ = ["Core", "Loop", "Profile", "board_here", "core_of", "loop_costs", "profile_names", "read_profile"]
