"""Fuzzes one target, guided by what it reaches: ``python -m tests.fuzz.one TARGET SECONDS``. It ends the process."""

import sys
from functools import partial

import atheris

with atheris.instrument_imports(include=["ble_gateway"]):
    from tests.fuzz.targets import CORPUS, FOUND, TARGETS, run


def main(name: str, seconds: int) -> None:
    """Fuzz it."""
    found = FOUND / name
    found.mkdir(parents=True, exist_ok=True)
    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/",
        "-max_len=2048",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-use_value_profile=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], partial(run, target=TARGETS[name]))
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
