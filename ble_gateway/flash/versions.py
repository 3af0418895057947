"""Which of two versions is the older: PEP 440 and semantic versioning, as far as the two agree. Pure."""

import re
from enum import Enum
from typing import Final

_VERSION: Final = re.compile(
    r"""
    v?
    (?P<release>\d{1,9}(?:\.\d{1,9}){0,7})
    (?:[-_.]?(?P<before>a|alpha|b|beta|c|rc|pre|preview)[-_.]?(?P<before_n>\d{0,9}))?
    (?:[-_.]?(?P<after>post|rev|r)[-_.]?(?P<after_n>\d{0,9}))?
    (?:[-_.]?(?P<dev>dev)[-_.]?(?P<dev_n>\d{0,9}))?
    (?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_BEFORE: Final = {"a": 0, "alpha": 0, "b": 1, "beta": 1, "c": 2, "rc": 2, "pre": 2, "preview": 2}
_DEV_OF_RELEASE, _RELEASE = -1, 3
"""Before any alpha, and after every candidate."""


class Order(Enum):
    """How one version stands to another."""

    OLDER = "older"
    SAME = "same"
    NEWER = "newer"
    UNKNOWN = "unknown"
    """One of them is no version that can be ordered."""


def compare(version: str, other: str) -> Order:
    """Say how `version` stands to `other`.

    Release numbers, then ``a``/``alpha``, ``b``/``beta``, ``rc``, ``post`` and ``dev`` with their numbers, in the order
    of PEP 440; what follows a ``+`` does not count. Other suffixes are not ordered.
    """
    if version == other:
        return Order.SAME
    key, other_key = _key(version), _key(other)
    if key is None or other_key is None:
        return Order.UNKNOWN
    if key == other_key:
        return Order.SAME
    return Order.OLDER if key < other_key else Order.NEWER


def _key(version: str) -> tuple[tuple[int, ...], ...] | None:
    read = _VERSION.fullmatch(version.strip())
    if read is None:
        return None
    release = tuple(map(int, read["release"].split(".")))
    while release[1:] and release[-1] == 0:
        release = release[:-1]
    after = (int(read["after_n"] or 0),) if read["after"] else ()
    before = (_RELEASE, 0)
    if read["before"]:
        before = (_BEFORE[read["before"].lower()], int(read["before_n"] or 0))
    elif read["dev"] and not read["after"]:
        before = (_DEV_OF_RELEASE, 0)
    is_final = not read["dev"]
    return release, before, after, (int(is_final), int(read["dev_n"] or 0))
