"""Coverage-guided fuzzing of every decoder and dialogue: ``python -m tests.fuzz [--seconds 60] [target ...]``.

What it finds on the way is kept in ``build/fuzz``, one folder a target, and used again by the next run; so is an input
that makes something fail. Put such an input into ``tests/fuzz/corpus``, mend what failed: the tests hold it for good.
"""

import argparse
import subprocess
import sys

from tests.fuzz.targets import FOUND, TARGETS


def main() -> int:
    """Fuzz each target in a process of its own; print what was run and reached, and all of what failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz every decoder and dialogue.")
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: %(default)s)")
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    failed = []
    for name in options.targets or TARGETS:
        command = [sys.executable, "-m", "tests.fuzz.one", name, str(options.seconds)]
        run = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        done = [line for line in run.stdout.splitlines() if "DONE" in line]
        if run.returncode != 0 or not done:
            failed.append(name)
            print(run.stdout)  # noqa: T201
        print(f"{name}: {done[-1] if done else 'failed'}", flush=True)  # noqa: T201
    if failed:
        print(f"found in {', '.join(failed)}: see {FOUND}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
