"""Parameters, states, pictures: what vector and single environments have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal

import gymnasium.error
import numpy as np


from shadergym import _layout, _native

# Inside of classes the module's name is that of an attribute.
_Batch = _native.Batch

_NOT_NATIVE = {"env_id", "wgsl", "params", "render_mode", "render_size"}
"""Arguments of the constructors that the compiled environment does not take, or not by this name."""

Indices = int | slice | Sequence[int] | np.ndarray | None


def open_native(arguments: Mapping[str, Any], **options: Any) -> tuple[_native.Batch, dict[str, Any]]:
    """The compiled environment and its facts, for the arguments of a constructor; ``options`` go before them."""
    id, wgsl = arguments["env_id"], arguments["wgsl"]
    if (id is None) == (wgsl is None):
        raise ValueError(f"either an id or `wgsl` is needed, got id={id!r} and wgsl={wgsl!r}")
    named = {name: value for name, value in arguments.items() if name not in _NOT_NATIVE}
    native = _native.Batch(id, None if wgsl is None else os.fspath(wgsl), **{**named, **options})
    return native, _layout.parse(native.spec())


def masks_of(native: _native.Batch, facts: dict[str, Any]) -> Callable[[], np.ndarray]:
    """What gives the masks of legal actions; where there are none, the attribute asked for is missing."""
    if not facts["action_mask"]:
        raise AttributeError(f"{facts['id']} does not say which actions are legal: it has no `action_masks`")

    def masks() -> np.ndarray:
        found = native.action_masks()
        assert found is not None, "the facts say that there are masks"
        return found

    return masks


class Tasks:
    """Access to the parameters and states of instances, typed by what the environment's file declares.

    Rows are NumPy structured arrays; :func:`shadergym.spec` tells unit and meaning of each field.

    Environments can be pickled and copied at any moment: the copy goes on as the original would, generators, parameters
    and options included. Seconds of ``infos["episode"]["t"]`` count from the copy on.
    """

    _native: _Batch
    _arguments: dict[str, Any]
    _facts: dict[str, Any]
    _count: int

    def _native_of(self, arguments: dict[str, Any]) -> tuple[_Batch, dict[str, Any]]:
        """The compiled environment and its facts, for the constructor's arguments."""
        raise NotImplementedError

    def _open(
        self,
        native: _Batch,
        facts: dict[str, Any],
        count: int,
        render_mode: str | None,
        render_size: tuple[int, int] | None,
    ) -> None:
        if render_mode not in (None, "rgb_array"):
            raise gymnasium.error.UnsupportedMode(f"option `render_mode` is {render_mode!r}, allowed is `rgb_array`")
        if render_mode is not None and facts["pixel_aspect"] is None:
            raise gymnasium.error.UnsupportedMode(
                f"{facts['id']} cannot be rendered: its shader has no `pixel` function"
            )
        self._native, self._facts, self._count = native, facts, count
        self.render_mode = render_mode
        self._render_size = render_size or (round(400 * (facts["pixel_aspect"] or 1.0)), 400)
        self._params_type = _layout.row_type(facts["params"])
        self._state_type = _layout.row_type(facts["state"])

    @property
    def facts(self) -> dict[str, Any]:
        """What the environment's file declares: docs, spaces, parameters and state with their units."""
        return self._facts

    @property
    def device(self) -> str:
        """One line for people: device, driver, lanes or workgroups, threads."""
        return self._native.describe()

    @property
    def params(self) -> np.ndarray:
        """The parameters in force, one row per instance; before the first reset those that will be."""
        return self._native.params(None, False).view(self._params_type)

    @property
    def pending_params(self) -> np.ndarray:
        """The parameters that take effect at each instance's next start."""
        return self._native.params(None, True).view(self._params_type)

    def set_params(self, indices: Indices, params: Mapping[str, Any] | np.ndarray) -> None:
        """Changes the parameters of the instances ``indices`` (None for all) from their next start on.

        Args:
            indices: An index, a slice, a sequence of indices, or a mask.
            params: Field names to one value, or to one value per chosen instance; or rows of :attr:`params`.
                On an error nothing changes.
        """
        rows = self._indices(indices)
        if isinstance(params, Mapping):
            fields = [(name, np.asarray(value, np.float64).ravel().tolist()) for name, value in params.items()]
            self._native.set_params(rows, fields)
            return
        count = self._count if rows is None else len(rows)
        self._native.set_params_words(rows, _words(params, self._params_type, count, "params"))

    def get_state(self, indices: Indices = None) -> np.ndarray:
        """The states of the instances ``indices`` (None for all), one row each."""
        return self._native.state(self._indices(indices)).view(self._state_type)

    def set_state(self, state: np.ndarray | Mapping[str, Any], indices: Indices = None) -> None:
        """Puts instances into states: rows of :meth:`get_state`, or the fields that change.

        Observations are computed anew; generators and parameters stay. A running episode goes on, an ended instance
        begins a new one at the given state.
        """
        rows = self._indices(indices)
        if isinstance(state, Mapping):
            changed = self._native.state(rows).view(self._state_type)
            for name, value in state.items():
                names = changed.dtype.names or ()
                if name not in names:
                    known = ", ".join(names)
                    raise ValueError(f"{self._facts['id']} has no state field `{name}`; it has {known}")
                np.copyto(changed[name], value, casting="same_kind")
            state = changed
        count = self._count if rows is None else len(rows)
        self._native.set_state(rows, _words(state, self._state_type, count, "states"))

    def snapshot(self) -> bytes:
        """Everything at this moment: generators, states, parameters, episodes, outputs."""
        return self._native.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Puts a snapshot of an environment of the same kind and size back; the run goes on from there bit by bit."""
        self._native.restore(snapshot)

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copy take."""
        state = _layout.packed(vars(self))
        native = state.pop("_native", None)
        return {**state, "_moment": None if native is None else _moment(native)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Makes the compiled environment again and puts it to the same moment."""
        attributes = _layout.unpacked(state)
        moment = attributes.pop("_moment")
        vars(self).update(attributes)
        if moment is None:
            return
        self._native, _ = self._native_of(self._arguments)
        match moment:
            case "started", snapshot:
                self._native.restore(snapshot)
            case "new", words:
                self._native.set_params_words(None, words)
            case _:
                self._native.close()

    def picture(self, instance: int = 0) -> np.ndarray:
        """The picture of one instance, ``[height, width, 3]`` bytes, in any render mode."""
        return self._native.render(instance, *self._render_size)

    def _indices(self, indices: Indices) -> list[int] | None:
        if indices is None:
            return None
        if isinstance(indices, slice):
            return list(range(self._count))[indices]
        array = np.atleast_1d(np.asarray(indices))
        if array.dtype == np.bool_:
            if array.shape != (self._count,):
                raise IndexError(f"a mask of instances needs shape ({self._count},), got {array.shape}")
            return np.flatnonzero(array).tolist()
        if array.size and array.dtype.kind not in "iu":
            raise TypeError(f"indices of instances are integers, got {array.dtype}")
        # Like a list's, negative indices count from the end.
        return [i + self._count if -self._count <= i < 0 else i for i in array.ravel().tolist()]


def _moment(native: _Batch) -> tuple[Literal["started", "new", "closed"], Any]:
    """Where an environment is, and what a copy needs to get there."""
    try:
        return "started", native.snapshot()
    except gymnasium.error.ResetNeeded:
        return "new", native.params(None, True)
    except gymnasium.error.ClosedEnvironmentError:
        return "closed", None


def _words(rows: np.ndarray, dtype: np.dtype, count: int, what: str) -> np.ndarray:
    """Rows as 32-bit words; one row serves all instances."""
    rows = np.asarray(rows)
    if rows.dtype != dtype:
        raise TypeError(f"{what} have type {rows.dtype}, expected {dtype}")
    if rows.ndim == 0 or rows.shape == (1,):
        rows = np.broadcast_to(rows, (count,))
    return np.ascontiguousarray(rows).view(np.uint32).ravel()
