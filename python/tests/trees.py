"""Observations may be dictionaries of arrays."""

from typing import Any

import numpy as np


def take(value: Any, index: Any) -> Any:
    """``value[index]``, or that of each array of a dictionary."""
    if isinstance(value, dict):
        return {key: take(part, index) for key, part in value.items()}
    return value[index]


def parts(value: Any) -> list:
    """The array, or the arrays of a dictionary."""
    return list(value.values()) if isinstance(value, dict) else [value]


def twice(value: Any) -> Any:
    """Two of a batch as a batch of batches."""
    return {key: twice(part) for key, part in value.items()} if isinstance(value, dict) else np.stack([value, value])
