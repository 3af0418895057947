"""What a gateway's inference takes in a process of its own: a pack in the loop, for a minute of the synthetic heart.

``python -m benchmarks.peers.gateway PACK`` prints its figures as JSON. Nothing but `edge` is imported; a radio's
packages are not in these figures.
"""

import json
import sys
import time
from pathlib import Path
from typing import Final

_BEGAN_S: Final = time.perf_counter()
_STREAM_S: Final = 61.0
"""A minute, and the second whose samples end its last window."""


def main(pack: Path) -> dict[str, float]:
    """Open, stream, and look at the memory."""
    from benchmarks.figures import heart_blocks  # noqa: PLC0415 - after the clock has begun
    from benchmarks.peers.child import peak_rss_mb  # noqa: PLC0415
    from edge.loop import open_loop  # noqa: PLC0415

    loop = open_loop(pack, hop_s=10.0)
    ready_s = time.perf_counter() - _BEGAN_S
    for block in heart_blocks(_STREAM_S):
        loop.push(block)
    return {"ready_s": ready_s, "estimated": loop.report().estimated, "peak_rss_mb": peak_rss_mb()}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
