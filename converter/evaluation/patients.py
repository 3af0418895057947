"""Who a record is of: records of one person are not independent, and are drawn together."""

import re
from typing import Final

_CPSC2021: Final = re.compile(r"^data_(?P<patient>\d+)_\d+$")
_NSTDB: Final = re.compile(r"^(?P<patient>11[89])e_?\d+$")
_SAME_PERSON: Final = {"202": "201"}
"""MIT-BIH 201 and 202 were taken from one person."""


def patient_of(record_name: str) -> str:
    """Name the person a record is of, by the ways in which the sets name their records.

    Parameters
    ----------
    record_name
        Without folder and extension, such as ``data_21_7`` or ``202``.
    """
    for pattern in (_CPSC2021, _NSTDB):
        found = pattern.match(record_name)
        if found:
            return found["patient"]
    return _SAME_PERSON.get(record_name, record_name)
