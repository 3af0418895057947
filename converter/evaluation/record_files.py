"""Which WFDB records a data set has."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from converter.evaluation.errors import EvaluationError, EvaluationFault


def find_records(data: Path, names: Sequence[str] = ()) -> list[Path]:
    """Find the WFDB records of a folder at every depth, or the one record that is named; paths without extension.

    Parameters
    ----------
    data
        A folder, or a record with or without its extension.
    names
        Only these; all by default.

    Raises
    ------
    EvaluationError
        Where there are none, one of the names is missing, or records of different sets share a name.
    """
    if data.is_dir():
        headers = sorted(data.rglob("*.hea"), key=lambda path: (path.parent, _natural(path.stem)))
        segments = {path.parent / part for path in headers for part in _segments(path)}
        found = [path.with_suffix("") for path in headers if path.with_suffix("") not in segments]
    else:
        one = data if Path(f"{data}.hea").is_file() else data.with_suffix("")
        found = [one] if Path(f"{one}.hea").is_file() else []
    if not found:
        raise EvaluationError(
            EvaluationFault.NO_RECORDS,
            f"there is no WFDB record at {data}",
            advice="name a folder with .hea files in it, or one record without its extension",
        )
    twice = [name for name, n in Counter(path.name for path in found).items() if n > 1 and (not names or name in names)]
    if twice:
        raise EvaluationError(
            EvaluationFault.SAME_NAME,
            f"{data} has more than one record {twice[0]}",
            advice="evaluate one data set at a time",
        )
    absent = sorted(set(names) - {path.name for path in found})
    if absent:
        raise EvaluationError(
            EvaluationFault.NO_SUCH_RECORD,
            f"{data} has no record {', '.join(absent)}",
            advice=f"its {len(found)} records are {', '.join(path.name for path in found[:5])} and so on",
        )
    return [path for path in found if not names or path.name in names]


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (10**9, name)


def _segments(header: Path) -> list[str]:
    """Names of the records that a multi-segment record is made of."""
    lines = [line for line in header.read_text(encoding="utf-8", errors="replace").splitlines() if line[:1] != "#"]
    if not lines or "/" not in (lines[0].split() or [""])[0]:
        return []
    return [line.split()[0] for line in lines[1:] if line.strip()]
