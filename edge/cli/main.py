"""The command `anyecg`: finds its verbs, and turns every error into one line."""

import os
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points, version
from typing import Annotated, Any, Final

import typer
from rich.markup import escape
from typer.core import TyperGroup
from typer.main import get_command

from edge.cli.console import errors, output
from edge.errors import EdgeError

_STOPPED: Final = 130
"""What the framework exits with after Ctrl-C."""
VERB_GROUP: Final = "anyecg.verbs"
_EXTRA_OF_MODULE: Final = {
    "bleak": "ble",
    "bleak_retry_connector": "ble",
    "bumble": "simulator",
    "cryptography": "flash",
    "serial": "flash",
    "smp": "flash",
    "smpclient": "flash",
    "wfdb": "recordings",
    "edfio": "recordings",
    "ai_edge_quantizer": "convert",
    "safetensors": "convert",
    "torch": "train",
}
_EXTRA_OF_VERB: Final = {"flash": "flash", "keys": "flash"}
"""Where the first module that is missing would name but a part of what the verb needs."""


class _Verbs(TyperGroup):
    """A group whose commands are entry points, imported when they are used."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the framework's signature
        return sorted(entry_points(group=VERB_GROUP).names)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        found = next(iter(entry_points(group=VERB_GROUP, name=cmd_name)), None)
        return _load(found) if found else None


def _load(verb: EntryPoint) -> Any:
    app = typer.Typer(add_completion=False)
    try:
        loaded = verb.load()
        if isinstance(loaded, typer.Typer):  # it has verbs of its own
            return get_command(loaded)
        app.command(name=verb.name)(loaded)
    except ModuleNotFoundError as error:
        anything = {"ignore_unknown_options": True, "allow_extra_args": True}
        app.command(name=verb.name, context_settings=anything)(_unavailable(verb.name, error))
    return get_command(app)


def _unavailable(name: str, error: ModuleNotFoundError) -> Callable[[], None]:
    """Stand in for a verb whose extra is not installed; it says so when used."""
    extra = _EXTRA_OF_VERB.get(name) or _EXTRA_OF_MODULE.get((error.name or "").partition(".")[0], "dev")

    def explain() -> None:
        raise EdgeError(f"'{name}' needs {error.name}", advice=f"pip install 'anyecg-edge[{extra}]'")

    explain.__doc__ = f"Not installed here: pip install 'anyecg-edge\\[{extra}]'."  # rich would take [...] for markup
    return explain


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(f"anyecg {version('anyecg-edge')}")
        raise typer.Exit


app = typer.Typer(cls=_Verbs, add_completion=False, no_args_is_help=True)


@app.callback(epilog="Example: anyecg demo")
def anyecg(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Laboratory-value estimation from single-lead ECG at the edge. Not a medical device."""


def main() -> None:
    """Run the command line and exit: 0 done, 1 failed, 2 used wrongly, 130 stopped."""
    try:
        get_command(app)(prog_name="anyecg")
    except EdgeError as error:
        _complain(str(error))
        sys.exit(1)
    except SystemExit as stop:
        if stop.code == _STOPPED:
            errors.print("anyecg: stopped")
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if "ANYECG_TRACEBACK" in os.environ:
            raise
        _complain(
            f"a fault in anyecg itself ({type(error).__name__}: {error}) - please report it with the output of the "
            "same command under ANYECG_TRACEBACK=1"
        )
        sys.exit(1)


def _complain(what: str) -> None:
    errors.print(f"[bold red]anyecg:[/] {escape(' '.join(what.split()))}", soft_wrap=True)


if __name__ == "__main__":
    main()
