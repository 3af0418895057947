"""`anyecg bench`, `bench compare`, `bench report`: each verb joins `bench` in a module of its own."""

from benchmarks.bench.cli import boards, compare, report, run  # noqa: F401 - they join
from benchmarks.bench.cli.app import bench

__all__ = ["bench"]
