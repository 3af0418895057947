import re
import subprocess
from importlib.metadata import EntryPoint

import pytest

from edge.cli.main import VERB_GROUP, _load
from edge.errors import EdgeError
from tests.edge.cli.command import ANYECG, anyecg, called

VERBS = ["doctor", "inspect", "replay"]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_explains_itself_with_an_example(verb):
    done = called(verb, "--help")
    assert (done.returncode, "Example: anyecg" in done.stdout, done.stderr) == (0, True, "")


def test_the_command_lists_its_verbs():
    done = anyecg("--help")
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in VERBS)


@pytest.mark.parametrize("by", [anyecg, called])
def test_the_command_says_its_version(by):
    done = by("--version")
    assert (done.returncode, re.fullmatch(r"anyecg \d+\.\d+\.\d+\n", done.stdout) is not None) == (0, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-verb"],
        ["replay"],
        ["replay", "a", "--no-such-option"],
        ["replay", "a", "--hop", "soon"],
        ["replay", "a", "--hop", "0"],
        ["replay", "a", "--duration", "-1"],
        ["inspect", "a", "b"],
        ["doctor", "--loudly"],
        [],
    ],
    ids=" ".join,
)
def test_used_wrongly_it_says_so_and_ends_with_2(arguments):
    done = called(*arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


def broken():
    """A verb with a fault."""
    raise ZeroDivisionError("by\nzero")


def test_a_fault_of_ours_is_one_line_that_asks_for_a_report(monkeypatch):
    monkeypatch.setattr(EntryPoint, "load", lambda _: broken)
    monkeypatch.delenv("ANYECG_TRACEBACK", raising=False)
    done = called("inspect")
    assert (done.returncode, "a fault in anyecg itself" in done.stderr, len(done.stderr.splitlines())) == (1, True, 1)


def test_a_fault_of_ours_is_shown_whole_when_asked_for(monkeypatch):
    monkeypatch.setattr(EntryPoint, "load", lambda _: broken)
    monkeypatch.setenv("ANYECG_TRACEBACK", "1")
    with pytest.raises(ZeroDivisionError):
        called("inspect")


def test_stopped_from_the_keyboard_it_says_so_and_ends_with_130(monkeypatch):
    def stopped():
        raise KeyboardInterrupt

    monkeypatch.setattr(EntryPoint, "load", lambda _: stopped)
    done = called("inspect")
    assert (done.returncode, done.stderr.strip()) == (130, "anyecg: stopped")


def test_a_closed_pipe_is_no_fault():
    done = subprocess.run(f"{ANYECG} doctor | true", shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_verb_whose_extra_is_not_installed_says_what_to_install():
    def absent():
        raise ModuleNotFoundError(name="bumble.host")

    verb = EntryPoint("fly", "nowhere:fly", VERB_GROUP)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EntryPoint, "load", lambda _: absent())
        app = _load(verb)
    with pytest.raises(EdgeError, match=r"'fly' needs bumble.host - pip install 'anyecg-edge\[simulator\]'"):
        app(["--wings", "2"], standalone_mode=False)
