"""A result file as it comes, from anywhere: it is one that holds all its rules, or one line says why not."""

from collections import Counter
from pathlib import Path
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from benchmarks.bench.errors import BenchError, BenchFault
from benchmarks.bench.result import SCHEMA_VERSION, Result

_MOST_BYTES: Final = 64 << 20
"""A result of every shipped pack has less than one MiB."""


def read_result(path: Path) -> Result:
    """Read a result file.

    Raises
    ------
    BenchError
        If there is none, it is too large, no JSON, of another schema, or breaks a rule; `fault` says which.
    """
    data = _bytes(path)
    try:
        result = Result.model_validate_json(data)
    except ValidationError as error:
        raise _refused(path, error.errors(include_url=False, include_input=False)) from error
    for pack in result.packs:
        counted = Counter((one.quantity, one.conditions) for one in pack.measurements)
        for (quantity, _), n in counted.items():
            if n > 1:
                raise BenchError(
                    BenchFault.BREAKS_RULE,
                    f"{path} breaks a rule: {pack.label} has {quantity} {n} times under the same conditions",
                    advice="measure again with anyecg bench",
                )
    return result


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise BenchError(
            BenchFault.MISSING,
            f"there is no result {path}",
            advice="check the name, or measure with anyecg bench --json FILE",
        ) from error
    except OSError as error:
        raise BenchError(
            BenchFault.UNREADABLE,
            f"{path} cannot be read ({error.strerror or error})",
            advice="check that it is a file and may be read",
        ) from error
    if len(data) > _MOST_BYTES:
        raise BenchError(
            BenchFault.TOO_LARGE,
            f"{path} has more than {_MOST_BYTES >> 20} MiB",
            advice="no result is that large: check the name",
        )
    return data


def _refused(path: Path, found: list[ErrorDetails]) -> BenchError:
    first = found[0]
    if first["type"] == "json_invalid":
        return BenchError(
            BenchFault.NOT_JSON,
            f"{path} is not JSON ({first['msg'].removeprefix('Invalid JSON: ')})",
            advice="copy it again, or measure again with anyecg bench",
        )
    version = next((one for one in found if one["loc"] == ("schema_version",)), None)
    if version is not None and version["type"] == "literal_error":
        return BenchError(
            BenchFault.OTHER_SCHEMA,
            f"{path} is a result of another schema than {SCHEMA_VERSION}",
            advice="update anyecg-edge, or measure again with this release",
        )
    if version is not None or not first["loc"]:
        return BenchError(
            BenchFault.NOT_A_RESULT,
            f"{path} is JSON, but no result of anyecg bench",
            advice="give a file that anyecg bench --json has written",
        )
    place = ".".join(str(step) for step in first["loc"])
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return BenchError(
        BenchFault.BREAKS_RULE,
        f"{path} breaks a rule at {place}: {first['msg']}{more}",
        advice="measure again with anyecg bench",
    )
