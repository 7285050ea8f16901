"""A list that is made when it is looked at is a list, whatever looks first."""

import copy
import inspect
import json
import pickle

import numpy as np
import pytest

from shadergym._later import Later

ROWS = [{}, {"a": 1}, {}]
LOOKS = [
    lambda x: list(x) == ROWS,
    lambda x: tuple(x) == tuple(ROWS),
    lambda x: [*x] == ROWS,
    lambda x: (lambda a, b, c: [a, b, c])(*x) == ROWS,
    lambda x: [row for _, row in enumerate(x)] == ROWS,
    lambda x: [row for row, _ in zip(x, range(3), strict=True)] == ROWS,
    lambda x: list(reversed(x)) == ROWS[::-1],
    lambda x: sorted(x, key=len)[2] == ROWS[1],
    lambda x: x == ROWS and not x != ROWS,
    lambda x: ROWS == x,
    lambda x: x != [1],
    lambda x: len(x) == 3,
    lambda x: bool(x),
    lambda x: x[1] == ROWS[1] and x[-1] == {} and x[:] == ROWS and type(x[1]) is dict,
    lambda x: x + [1] == [*ROWS, 1],
    lambda x: [1] + x == [1, *ROWS],
    lambda x: x + Later(lambda: [1]) == [*ROWS, 1],
    lambda x: x == Later(lambda: ROWS) and Later(lambda: ROWS) == x,
    lambda x: x * 2 == ROWS * 2 and 2 * x == ROWS * 2,
    lambda x: ROWS[1] in x and x.index(ROWS[1]) == 1 and x.count({}) == 2,
    lambda x: repr(x) == repr(ROWS) == str(x) == f"{x}",
    lambda x: copy.copy(x) == ROWS and type(copy.copy(x)) is list,
    lambda x: copy.deepcopy(x) == ROWS and copy.deepcopy(x)[1] is not x[1],
    lambda x: pickle.loads(pickle.dumps(x)) == ROWS,
    lambda x: json.dumps(x) == json.dumps(ROWS),
    lambda x: np.array(x).tolist() == ROWS,
    lambda x: x.append(3) is None and x == [*ROWS, 3],
    lambda x: x.pop() == {} and len(x) == 2,
    lambda x: x.__setitem__(0, 5) is None and x[0] == 5,
    lambda x: [].extend(x) is None and [0, *x][2] == ROWS[1],
    lambda x: x.clear() is None and x == [],
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: inspect.getsource(look).strip().rstrip(","))
def test_whatever_looks_first(look):
    made = []

    def make():
        made.append(1)
        return copy.deepcopy(ROWS)

    later = Later(make)
    assert isinstance(later, list) and not made
    assert look(later)
    assert made == [1]
    later[:] = [1]
    assert later == [1] and made == [1]


def test_no_method_of_lists_is_forgotten():
    """What Later does not have itself acts on a list that is empty."""
    # What belongs to the object, not to the content.
    harmless = {"__class_getitem__", "__new__", "__init__", "__getattribute__", "__hash__", "__doc__"}
    assert set(vars(list)) - harmless <= set(vars(Later))
