"""How a pattern of a data set is measured: what is drawn at random for each, within which limits."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.simulate.conditions import FOREIGN_INTENSITY
from hybrid_index.simulate.lines import STRONGEST, Lines
from hybrid_index.simulate.profile import Background, Profile
from hybrid_index.units import DEFAULT_RADIUS_MM, Radiation

Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternCondition:
    """Limits between which a measurement is drawn; a pair is (least, most).

    Parameters
    ----------
    name
        What the condition is called in files.
    zero_limit_deg, displacement_limit_mm
        Shifts are drawn evenly from ± these.
    radius_mm
        Goniometer radius, for the displacement.
    fwhm_deg
        Width of the instrument's lines in degrees 2θ, drawn evenly.
    size_nm
        Crystallite size, drawn evenly in its logarithm.
    lorentzian
        Lorentzian share of the lines, drawn evenly.
    axial_divergence_deg
        Largest angle of rays with the equatorial plane, drawn evenly.
    counts
        Counts at the top of the strongest line, drawn evenly in its logarithm.
    background
        Constant background, as a share of the strongest line, drawn evenly in its logarithm.
    exponential
        Background that decays with 2θ, at 0°, as a share of the strongest line, drawn evenly.
    decay_deg
        Angle in which it falls to 1/e, drawn evenly.
    hump, hump_centre_deg, hump_fwhm_deg
        Hump of an amorphous part: height as a share of the strongest line, centre, width; drawn evenly.
    max_foreign
        Number of lines that do not belong to the structure: drawn from 0 to this.
    noise
        Whether counts are Poisson-distributed or the expected ones.
    """

    name: str
    zero_limit_deg: float = 0.0
    displacement_limit_mm: float = 0.0
    radius_mm: float = DEFAULT_RADIUS_MM
    fwhm_deg: Range = (0.05, 0.05)
    size_nm: Range = (1000.0, 1000.0)
    lorentzian: Range = (0.5, 0.5)
    axial_divergence_deg: Range = (0.0, 0.0)
    counts: Range = (10_000.0, 10_000.0)
    background: Range = (0.001, 0.001)
    exponential: Range = (0.0, 0.0)
    decay_deg: Range = (15.0, 15.0)
    hump: Range = (0.0, 0.0)
    hump_centre_deg: Range = (18.0, 30.0)
    hump_fwhm_deg: Range = (6.0, 15.0)
    max_foreign: int = 0
    noise: bool = True

    def __post_init__(self) -> None:
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            ends = value if isinstance(value, tuple) else (value, value)
            if len(ends) != 2 or not all(map(math.isfinite, ends)) or not low <= ends[0] <= ends[1] <= high:
                raise InputError(f"{value!r} is not possible; give rising values from {low:g} to {high:g}", source=name)

    def as_dict(self) -> dict[str, Any]:
        """Plain dictionary, for JSON."""
        return {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(self).items()}

    def draw(self, rng: np.random.Generator, radiation: Radiation, two_theta_range_deg: Range) -> Measurement:
        """Draw one measurement with *radiation* over a range of 2θ (degrees)."""
        zero = rng.uniform(-1.0, 1.0) * self.zero_limit_deg
        displacement = rng.uniform(-1.0, 1.0) * self.displacement_limit_mm
        profile = Profile(
            w=rng.uniform(*self.fwhm_deg) ** 2,
            eta=rng.uniform(*self.lorentzian),
            axial_divergence_deg=rng.uniform(*self.axial_divergence_deg),
            crystallite_size_nm=_log_uniform(rng, self.size_nm),
        )
        counts = _log_uniform(rng, self.counts)
        background = Background(
            constant=counts * _log_uniform(rng, self.background),
            exponential=counts * rng.uniform(*self.exponential),
            decay_deg=rng.uniform(*self.decay_deg),
            hump=counts * rng.uniform(*self.hump),
            hump_centre_deg=rng.uniform(*self.hump_centre_deg),
            hump_fwhm_deg=rng.uniform(*self.hump_fwhm_deg),
        )
        n = int(rng.integers(self.max_foreign, endpoint=True))
        foreign = Lines.from_positions(
            rng.uniform(*two_theta_range_deg, n),
            [STRONGEST * _log_uniform(rng, FOREIGN_INTENSITY) for _ in range(n)],
            radiation=radiation,
        )
        return Measurement(
            zero_shift_deg=zero,
            displacement_mm=displacement,
            radius_mm=self.radius_mm,
            profile=profile,
            background=background,
            strongest_counts=counts,
            foreign=foreign,
            noise_seed=int(rng.integers(2**63)) if self.noise else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measurement:
    """What one pattern is measured with: the arguments of :func:`hybrid_index.simulate.simulate_pattern`.

    ``foreign`` are lines of other origin at their true positions.
    """

    zero_shift_deg: float
    displacement_mm: float
    radius_mm: float
    profile: Profile
    background: Background
    strongest_counts: float
    foreign: Lines
    noise_seed: int | None


def pattern_condition(name: str, **changes: Any) -> PatternCondition:
    """Return a condition of :data:`PATTERN_CONDITIONS`, with some of its fields changed (``None`` changes nothing).

    Raises
    ------
    InputError
        If there is none of that name, or a value is out of range.
    """
    if name not in PATTERN_CONDITIONS:
        raise InputError(f"unknown condition {name!r}; choose from {', '.join(PATTERN_CONDITIONS)}", source="condition")
    known = PATTERN_CONDITIONS[name]
    values = {f.name: getattr(known, f.name) for f in fields(known)}
    return PatternCondition(**{**values, **{key: value for key, value in changes.items() if value is not None}})


def _log_uniform(rng: np.random.Generator, limits: Range) -> float:
    low, high = limits
    return float(low * (high / low) ** rng.uniform())


_BOUNDS: tuple[tuple[str, float, float], ...] = (
    ("zero_limit_deg", 0.0, 2.0),
    ("displacement_limit_mm", 0.0, 5.0),
    ("radius_mm", 10.0, 10_000.0),
    ("fwhm_deg", 0.001, 5.0),
    ("size_nm", 1.0, 1.0e6),
    ("lorentzian", 0.0, 1.0),
    ("axial_divergence_deg", 0.0, 10.0),
    ("counts", 10.0, 1.0e9),
    ("background", 1.0e-9, 100.0),
    ("exponential", 0.0, 100.0),
    ("decay_deg", 0.1, 1000.0),
    ("hump", 0.0, 100.0),
    ("hump_centre_deg", 0.0, 180.0),
    ("hump_fwhm_deg", 0.1, 180.0),
    ("max_foreign", 0, 100),
)
_LAB: dict[str, Any] = {
    "zero_limit_deg": 0.05,
    "displacement_limit_mm": 0.1,
    "fwhm_deg": (0.05, 0.12),
    "size_nm": (40.0, 400.0),
    "lorentzian": (0.3, 0.8),
    "axial_divergence_deg": (0.0, 2.0),
    "counts": (3_000.0, 50_000.0),
    "background": (0.003, 0.05),
    "exponential": (0.0, 0.2),
    "decay_deg": (8.0, 25.0),
}
_HARD: dict[str, Any] = {
    **_LAB,
    "zero_limit_deg": 0.3,
    "size_nm": (20.0, 100.0),
    "counts": (500.0, 20_000.0),
    "hump": (0.0, 0.1),
    "max_foreign": 2,
}
_CONTEST: dict[str, Any] = {
    **_LAB,
    "zero_limit_deg": 0.5,
    "displacement_limit_mm": 0.2,
    "size_nm": (20.0, 100.0),
    "axial_divergence_deg": (0.0, 0.0),
    "max_foreign": 2,
}
PATTERN_CONDITIONS: MappingProxyType[str, PatternCondition] = MappingProxyType(
    {
        condition.name: condition
        for condition in (
            PatternCondition(name="ideal", noise=False),
            PatternCondition(name="lab", **_LAB),
            PatternCondition(name="hard", **_HARD),
            PatternCondition(name="contest", **_CONTEST),
        )
    }
)
"""``ideal``: narrow lines where they belong, no noise. ``lab``: a laboratory's usual run. ``hard``: large shifts, small
crystallites, few counts, a hump, up to two foreign lines. ``contest``: the shifts of the AICOMP 2025 contest, symmetric
lines, exponential background and noise, up to two foreign lines."""
