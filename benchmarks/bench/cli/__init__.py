"""`anyecg bench`, `bench compare`, `bench report`: each verb joins `bench` in a module of its own."""

from benchmarks.bench.cli import compare  # noqa: F401 - it joins
from benchmarks.bench.cli.app import bench

__all__ = ["bench"]
