"""``python -m benchmarks.bench.measuring.child ASK``: measures one thing and prints the answer as JSON."""

import sys
from typing import assert_never

from benchmarks.bench.measuring.asks import Answer, Ask, Draw, FindPeak, Infer, Load, Profile, Stream, read_ask


def answer(ask: Ask) -> Answer:
    """Measure what is asked. What the answer does not need is not imported."""
    match ask:
        case Load():
            from benchmarks.bench.measuring.loading import load  # noqa: PLC0415

            return load(ask)
        case Infer():
            from benchmarks.bench.measuring.inferring import infer  # noqa: PLC0415

            return infer(ask)
        case Stream():
            from benchmarks.bench.measuring.streaming import stream  # noqa: PLC0415

            return stream(ask)
        case FindPeak():
            from benchmarks.bench.measuring.peak import find_peak  # noqa: PLC0415

            return find_peak(ask)
        case Profile():
            from benchmarks.bench.measuring.profiling import profile  # noqa: PLC0415

            return profile(ask)
        case Draw():
            from benchmarks.bench.measuring.drawing import draw  # noqa: PLC0415

            return draw(ask)
        case _:
            assert_never(ask)


if __name__ == "__main__":
    print(answer(read_ask.validate_json(sys.argv[1])).model_dump_json())
