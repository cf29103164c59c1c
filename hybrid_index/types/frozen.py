"""What all objects share: they are frozen, their arrays read-only, and they survive pickling that way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
_T = TypeVar("_T")


def frozen_array(value: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return a read-only copy of *value* as an array."""
    array = np.array(value, dtype=dtype)
    array.flags.writeable = False
    return array


class Frozen:
    """Pickling through the constructor keeps arrays read-only in worker processes."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        values = _values(self)
        for name, value in values.items():
            if isinstance(value, MappingProxyType):
                values[name] = dict(value)
        return _rebuild, (type(self), values)


def _rebuild(cls: type[Any], values: dict[str, Any]) -> Any:
    return cls(**values)


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    """Kept, because searches copy candidates by the thousand."""
    return tuple(field.name for field in fields(kind))


def replaced(instance: _T, changes: Mapping[str, Any]) -> _T:
    """Return a copy with some fields changed."""
    return type(instance)(**{**_values(instance), **changes})


def _values(instance: object) -> dict[str, Any]:
    kind: Any = type(instance)
    return {name: getattr(instance, name) for name in _field_names(kind)}
