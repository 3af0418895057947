"""Facts as JSON values."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def json_value(value: Any) -> Any:
    """Give the JSON value of a fact: null for what is not a number, an object for a dataclass.

    Raises
    ------
    TypeError
        If it has none.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: json_value(getattr(value, field.name)) for field in fields(value)}
    match value:
        case np.ndarray() | np.generic():
            return json_value(value.tolist())
        case bool() | None:
            return value
        case str() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): json_value(kept) for key, kept in value.items()}
        case Sequence():
            return [json_value(kept) for kept in value]
        case _:
            raise TypeError(f"{type(value).__name__} is no fact of a report")
