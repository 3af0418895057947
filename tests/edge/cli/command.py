"""The shipped command, run as a process or, where many cases are tried, called."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from edge.cli.main import main

ANYECG = Path(sys.executable).with_name("anyecg")


def anyecg(*arguments, cwd=None, **environment):
    """Run ``anyecg`` with the arguments, without a terminal."""
    return subprocess.run(
        [ANYECG, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120", **environment},
    )


def called(*arguments, cwd="."):
    """What ``anyecg`` does with the arguments, in this process."""
    stdout, stderr = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["anyecg", *map(str, arguments)]),
        mock.patch.dict(os.environ, COLUMNS="120"),
        contextlib.chdir(cwd),
        contextlib.redirect_stdout(stdout),
        contextlib.redirect_stderr(stderr),
    ):
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
    return subprocess.CompletedProcess(arguments, code, stdout.getvalue(), stderr.getvalue())


def last_object(done):
    """The JSON object that ``--json`` ends with."""
    return json.loads(done.stdout.splitlines()[-1])


def is_one_clear_line(done):
    """Whether the command failed as it should: 1, one line on stderr, nothing of ours on stdout."""
    return (
        done.returncode == 1
        and done.stderr.startswith("anyecg: ")
        and " - " in done.stderr
        and len(done.stderr.splitlines()) == 1
        and "a fault in anyecg itself" not in done.stderr
        and done.stdout == ""
    )
