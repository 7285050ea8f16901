"""Lists whose content is made when somebody looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Made(list[Any]):
    """A list as any other; pickles and copies of it are plain ones."""

    __slots__ = ("_make",)

    _make: Callable[[], list[Any]]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """The content."""
        return list, (list(self),)


class Later(Made):
    """A list that is not there yet: the first call of any of its methods makes it, and it is a :class:`Made` from then on.

    Without this a step of thousands of instances costs several times what the environment takes, in dictionaries of which
    most are empty and few are looked at. All methods of lists are covered, so that loops, slices, sums, comparisons,
    copies and pickles see the content.
    """

    __slots__ = ()

    def __init__(self, make: Callable[[], list[Any]]) -> None:
        super().__init__()
        self._make = make


def _first_make(name: str) -> Callable[..., Any]:
    def method(self: Made, *args: Any, **kwargs: Any) -> Any:
        if type(self) is Later:
            make = self._make
            del self._make
            self.__class__ = Made  # type: ignore[assignment]
            self.extend(make())
        # Lists look at each other's memory.
        given = [list(value) if type(value) is Later else value for value in args]
        return getattr(self, name)(*given, **kwargs)

    method.__name__ = name
    return method


def _added_to(self: Made, other: list[Any]) -> list[Any]:
    return other + list(self)


# `[...] + infos` would otherwise look at the memory of a list that is not there yet.
setattr(Later, "__radd__", _added_to)
# What belongs to the object, not to its content.
_OWN = {"__class__", "__class_getitem__", "__getattribute__", "__init__", "__init_subclass__", "__new__"}
_OWN |= {"__setattr__", "__delattr__", "__hash__", "__doc__", "__dir__", "__subclasshook__"}
_OWN |= {"__reduce__", "__reduce_ex__", "__getstate__"}
for _name in set(dir(list)) - _OWN:
    setattr(Later, _name, _first_make(_name))
