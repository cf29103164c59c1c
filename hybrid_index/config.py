"""Settings of a run: frozen, with defaults that serve, and TOML in."""

from __future__ import annotations

import math
import tomllib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from hybrid_index.errors import InputError
from hybrid_index.lattice import CRYSTAL_SYSTEMS
from hybrid_index.units import DEFAULT_RADIUS_MM

WholePatterns = Literal["auto", "always", "never"]
Networks = Literal["auto", "never", "only"]
SOLVED_PROBABILITY = 0.80
"""Probability from which an answer counts as solved."""
SOLVED_SHARE_INDEXED = 0.75
"""Share of the lines that an answer has to explain to count as solved; less is at best one phase of several."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user can say about a search.

    Parameters
    ----------
    systems
        Crystal systems to search, of ``hybrid_index.lattice.CRYSTAL_SYSTEMS``.
    max_volume_angstrom3
        Largest volume of a primitive cell.
    max_edge_angstrom
        Longest edge of a conventional cell.
    zero_limit_deg
        Largest zero shift (degrees, either sign) that is searched and accepted.
    budget_s
        Seconds that the search may take; the answer comes earlier where it is beyond doubt.
    max_lines
        Lines used for ranking; the search itself works on the first 20 or so.
    max_unindexed
        Lines among the first 20 that may stay unindexed.
    radius_mm
        Goniometer radius, for the displacement.
    fix_zero_shift_deg, fix_displacement_mm
        Hold a shift at this value instead of fitting it.
    neural
        Whether networks lead the search (``"auto"``, where their weights are there), are left out (``"never"``), or
        search alone (``"only"``).
    max_solutions
        Length of the list of answers.
    lebail
        Whether whole-pattern fits take part in the ranking: ``"auto"`` where the lines leave doubt, ``"always"``, or
        ``"never"``. They need a pattern.
    seed
        Seed of everything random.
    plugins
        Let search engines of other packages take part; see :mod:`hybrid_index.third_party`.
    """

    systems: tuple[str, ...] = CRYSTAL_SYSTEMS
    max_volume_angstrom3: float = 10_000.0
    max_edge_angstrom: float = 100.0
    zero_limit_deg: float = 0.3
    budget_s: float = 10.0
    max_lines: int = 60
    max_unindexed: int = 5
    radius_mm: float = DEFAULT_RADIUS_MM
    fix_zero_shift_deg: float | None = None
    fix_displacement_mm: float | None = None
    neural: Networks = "auto"
    max_solutions: int = 20
    lebail: WholePatterns = "auto"
    seed: int = 0
    plugins: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "systems", tuple(self.systems))
        unknown = [s for s in self.systems if s not in CRYSTAL_SYSTEMS]
        if unknown or not self.systems:
            known = ", ".join(CRYSTAL_SYSTEMS)
            raise InputError(
                f"unknown crystal system {', '.join(unknown) or '(none)'}; choose from {known}", source="systems"
            )
        for name, words in (("lebail", get_args(WholePatterns)), ("neural", get_args(Networks))):
            if getattr(self, name) not in words:
                raise InputError(f"{getattr(self, name)!r} is not known; choose from {', '.join(words)}", source=name)
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise InputError(f"{value!r} is out of range; give a value from {low:g} to {high:g}", source=name)

    @classmethod
    def from_mapping(cls, values: dict[str, Any], *, source: str = "settings") -> Self:
        """Make settings from a dictionary; an unknown or ill-typed entry raises :class:`InputError` naming it."""
        known = {f.name: f for f in fields(cls)}
        for name, value in values.items():
            if name not in known:
                raise InputError(f"unknown setting {name!r}; known are {', '.join(known)}", source=source)
            kind = str(known[name].type)
            wanted = _TYPES.get(kind.removesuffix(" | None"), (list, tuple))
            fits = isinstance(value, wanted) and isinstance(value, bool) == (kind == "bool")
            if not (fits or (value is None and "None" in kind)):
                raise InputError(f"setting {name} = {value!r} should be of type {kind}", source=source)
        return cls(**values)

    @classmethod
    def from_toml(cls, path: str | Path) -> Self:
        """Read settings from a TOML file (top level, or a table ``[hybrid-index]``)."""
        try:
            with open(path, "rb") as handle:
                values = tomllib.load(handle)
        except OSError as error:
            raise InputError(f"cannot be read ({error.strerror})", source=str(path)) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"is not valid TOML: {error}", source=str(path)) from error
        return cls.from_mapping(values.get("hybrid-index", values), source=str(path))

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON and TOML."""
        return {**asdict(self), "systems": list(self.systems)}


_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "bool": (bool,),
    "WholePatterns": (str,),
    "Networks": (str,),
}
_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("max_volume_angstrom3", 10.0, 100_000.0),
    ("max_edge_angstrom", 2.0, 500.0),
    ("zero_limit_deg", 0.0, 1.0),
    ("budget_s", 0.01, 86_400.0),
    ("max_lines", 10, 200),
    ("max_unindexed", 0, 15),
    ("radius_mm", 10.0, 10_000.0),
    ("fix_zero_shift_deg", -1.0, 1.0),
    ("fix_displacement_mm", -10.0, 10.0),
    ("max_solutions", 1, 100),
    ("seed", 0, 2**63 - 1),
)
