"""Observations may be dictionaries of arrays."""

from typing import Any


def take(value: Any, index: Any) -> Any:
    """``value[index]``, or that of each array of a dictionary."""
    if isinstance(value, dict):
        return {key: take(part, index) for key, part in value.items()}
    return value[index]


def parts(value: Any) -> list:
    """The array, or the arrays of a dictionary."""
    return list(value.values()) if isinstance(value, dict) else [value]
