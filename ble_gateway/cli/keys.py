"""`anyecg keys`: who may say that a pack is theirs."""

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.console import output, print_json
from edge.errors import EdgeError
from edge.keys import PUBLIC_SUFFIX, read_private_key, read_public_key, trusted_folder, write_new_pair
from edge.pack import parse_pack
from edge.signature import BadlySigned, SignedBy, Unsigned, check, fingerprint, sign

keys = typer.Typer(name="keys", add_completion=False, no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object as the last line of stdout.")]
PackArgument = Annotated[Path, typer.Argument(help="Pack.")]


@keys.callback(epilog="Example: anyecg keys new lab")
def about() -> None:
    """Sign packs, and check who signed them: Ed25519, so that a patch runs what its owner made and nothing else."""


@keys.command()
def new(
    name: Annotated[Path, typer.Argument(help="What to call the pair: NAME.key stays secret, NAME.pub is shown.")],
    as_json: JsonOption = False,
) -> None:
    """Make a pair of keys. The private one is for its owner's eyes: it is written with mode 0600 and never shown.

    Example: anyecg keys new lab
    """
    private, public, key = write_new_pair(name)
    if as_json:
        print_json({"private": str(private), "public": str(public), "key": fingerprint(key)})
        return
    output.print(f"{private}: private, keep it to yourself and keep a copy", markup=False, soft_wrap=True)
    output.print(f"{public}: public, key {fingerprint(key)}", markup=False, soft_wrap=True)
    output.print(
        f"Packs that it signed are trusted with --key {public}, or with a copy of it in {trusted_folder()}/",
        markup=False,
        soft_wrap=True,
    )


@keys.command("sign")
def sign_pack(
    pack: PackArgument,
    key: Annotated[Path, typer.Option(help="Private key, as anyecg keys new wrote it.")],
    to: Annotated[
        Path | None, typer.Option("--output", "-o", help="Signed pack to write; the pack itself by default.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a pack; a signature that it had is replaced.

    Example: anyecg keys sign heart.tflite --key lab.key
    """
    data = _read(pack)
    parse_pack(data, pack.name)
    private = read_private_key(key)
    signed = sign(data, private)
    written = to or pack
    _write(written, signed)
    name = fingerprint(private.public_key().public_bytes_raw())
    if as_json:
        print_json({"file": str(written), "key": name, "size_bytes": len(signed)})
    else:
        output.print(f"{written}: signed by key {name}", markup=False, soft_wrap=True)


@keys.command("check")
def check_pack(
    pack: PackArgument,
    key: Annotated[
        list[Path], typer.Option(help=f"Public key that should have signed it ({PUBLIC_SUFFIX}); repeatable.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Say whether one of the keys signed a pack, and no byte has changed since; exit 1 if not.

    Example: anyecg keys check heart.tflite --key lab.pub
    """
    expected = {read_public_key(path): path for path in key}
    data = _read(pack)
    parse_pack(data, pack.name)
    signing = check(data)
    match signing:
        case SignedBy(public) if public in expected:
            if as_json:
                print_json({"file": str(pack), "signed": True, "key": signing.fingerprint})
            else:
                output.print(
                    f"{pack}: signed by key {signing.fingerprint} ({expected[public]})", markup=False, soft_wrap=True
                )
            return
        case SignedBy():
            why = f"another key signed it, {signing.fingerprint}"
        case Unsigned():
            why = "it is not signed"
        case BadlySigned(why):
            pass
    if as_json:
        print_json({"file": str(pack), "signed": False, "why": why})
    raise EdgeError(f"{pack} is not trusted: {why}", advice="get it from its owner, or sign it (anyecg keys sign)")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EdgeError(f"the pack {path} cannot be read ({error.strerror})", advice="check the path") from error


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise EdgeError(f"{path} cannot be written ({error.strerror})", advice="name another file with -o") from error
