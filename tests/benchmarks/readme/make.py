"""`python -m tests.benchmarks.readme.make`: writes the golden block again, on purpose."""

from pathlib import Path

from benchmarks.readme.page import block
from tests.benchmarks.readme.kept import FINDINGS

GOLDEN = Path(__file__).with_name("block.md")

if __name__ == "__main__":
    GOLDEN.write_text(block(FINDINGS) + "\n", encoding="utf-8")
