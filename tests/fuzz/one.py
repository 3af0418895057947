"""Fuzzes one target, guided by what it reaches: ``python -m tests.fuzz.one TARGET SECONDS``. It ends the process."""

import sys

import atheris

with atheris.instrument_imports(include=["ble_gateway.wearables"]):
    from tests.fuzz.targets import CORPUS, FOUND, TARGETS, converse, play


def main(name: str, seconds: int) -> None:
    """Fuzz it."""
    target, found = TARGETS[name], FOUND / name
    found.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        play(data, target)
        converse(data, target)

    options = [
        f"-max_total_time={seconds}",
        f"-artifact_prefix={found}/",
        "-max_len=2048",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-use_value_profile=1",
    ]
    atheris.Setup([sys.argv[0], *options, str(found), str(CORPUS / name)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
