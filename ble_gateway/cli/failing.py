"""What `anyecg simulate --fail` says, as a plan of what goes wrong. Pure."""

from collections.abc import Iterable
from typing import Final

from ble_gateway.errors import GatewayError, GatewayFault
from ble_gateway.simulator.smp.mishaps import Plan, Wrong

WORDS: Final = (
    "cut@BYTE, reset@BYTE (once so much was uploaded), full@BYTES, slow=S, lost=PART, errors=PART, unreadable=PART "
    f"(of requests), garbage=PART, burst=LINES (of the wire), {', '.join(Wrong)}"
)
"""All there is, for people."""
_PARTS: Final = {"lost": "lost", "errors": "refused", "unreadable": "unreadable", "garbage": "garbled"}


def read_plan(words: Iterable[str], seed: int) -> Plan:
    """Read what goes wrong.

    Parameters
    ----------
    words
        Such as ``cut@20000``, ``slow=0.5`` or ``hash``.
    seed
        Of what is left to chance.

    Raises
    ------
    GatewayError
        ``BAD_REQUEST`` for a word there is not, or a number that means nothing.
    """
    fields: dict[str, float | int | None] = {}
    cuts: list[int] = []
    resets: list[int] = []
    wrongs: set[Wrong] = set()
    for word in words:
        name, number = _split(word)
        try:
            match name:
                case "cut@":
                    cuts.append(int(number))
                case "reset@":
                    resets.append(int(number))
                case "full@":
                    fields["space_bytes"] = int(number)
                case "slow=":
                    fields["slow_s"] = float(number)
                case "burst=":
                    fields["burst_lines"] = int(number)
                case _ if name.removesuffix("=") in _PARTS:
                    fields[_PARTS[name.removesuffix("=")]] = float(number)
                case _:
                    wrongs.add(Wrong(word))
        except ValueError as error:
            raise _unknown(word) from error
    try:
        return Plan(seed, tuple(cuts), tuple(resets), wrongs=frozenset(wrongs), **fields)  # type: ignore[arg-type]
    except ValueError as error:
        raise GatewayError(
            GatewayFault.BAD_REQUEST, f"no patch can fail so ({error})", advice=f"choose among {WORDS}"
        ) from error


def _split(word: str) -> tuple[str, str]:
    """Cut a word behind its ``@`` or ``=``."""
    at = max(word.find("@"), word.find("="))
    return (word[: at + 1], word[at + 1 :]) if at >= 0 else (word, "")


def _unknown(word: str) -> GatewayError:
    return GatewayError(
        GatewayFault.BAD_REQUEST, f"{word!r} is no way for a patch to fail", advice=f"choose among {WORDS}"
    )
