"""Observations may be dictionaries of arrays."""

from typing import Any

import numpy as np

from shadergym import _layout


def take(value: Any, index: Any) -> Any:
    """``value[index]``, or that of each array of a dictionary."""
    return _layout.map_arrays(lambda array: array[index], value)


def parts(value: Any) -> list:
    """The array, or the arrays of a dictionary."""
    return list(value.values()) if isinstance(value, dict) else [value]


def twice(value: Any) -> Any:
    """Two of a batch as a batch of batches."""
    return _layout.map_arrays(lambda array: np.stack([array, array]), value)
