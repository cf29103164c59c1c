"""What random line lists are like: the ranges that everything about them is drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, Self

import numpy as np

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, BravaisLattice
from hybrid_index.simulate.conditions import Condition
from hybrid_index.simulate.crystal_statistics import CrystalStatistics, default_statistics
from hybrid_index.units import DEFAULT_RADIUS_MM, TUBE_LINES_ANGSTROM, FloatArray, check_wavelength

Range = tuple[float, float]

MAX_FAULTS = 40
"""Foreign or missing lines of a list, at most."""
REAL_SHARE = 0.5
"""Half of the lattices are of each kind as often as real ones, half of all kinds equally often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A kind of radiation: wavelengths drawn evenly from a range, and how often it is used."""

    wavelength_angstrom: Range
    share: float
    probe: Literal["xray", "neutron"] = "xray"

    def __post_init__(self) -> None:
        for wavelength in self.wavelength_angstrom:
            check_wavelength(wavelength)


def _tube(element: str, share: float) -> Source:
    ka1 = TUBE_LINES_ANGSTROM[element][0]
    return Source(wavelength_angstrom=(ka1, ka1), share=share)


DEFAULT_SOURCES = (
    _tube("Cu", 0.65),
    _tube("Mo", 0.06),
    _tube("Co", 0.06),
    _tube("Cr", 0.02),
    _tube("Fe", 0.02),
    Source(wavelength_angstrom=(0.4, 1.5), share=0.12),
    Source(wavelength_angstrom=(1.2, 2.5), share=0.07, probe="neutron"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineListSettings:
    """Ranges of the draw, one number per list from each; a range of no width fixes the value.

    Parameters
    ----------
    lattice_shares
        How often each Bravais lattice is drawn (any scale); empty for a mixture of real frequencies and equal ones.
    broad_share
        Share of the cells with volume and shape drawn evenly from a broad range, not after real cells.
    sources
        Radiations.
    two_theta_min_deg
        Where the measurement begins.
    ladder_share
        Share of measurements that go to 80°, or on to 140° until there are twenty lines (``conditions.LADDER_DEG``).
    two_theta_max_deg
        Where the others end.
    zero_limit_deg, displacement_limit_mm, radius_mm
        Zero shift and displacement are drawn evenly from ± their limits; the radius of the goniometer from a range.
    sigma_deg
        Standard deviation of the positions of strong lines (log-uniform).
    fade
        Exponent by which it grows for weak ones: σ·(I/I_max)^−fade.
    merge_deg, weakest
        See :class:`~hybrid_index.simulate.Condition` (log-uniform).
    n_missing, n_foreign
        Smallest and largest number; each equally likely.
    instrument_deg, size_deg, strain_deg
        Parts of the FWHM: constant, over cosθ, times tanθ.
    contrast_share, contrast
        In this share of the crystals the intensities of one parity of indices are multiplied with a number from the
        range (log-uniform), as in superstructures.
    form_factor_width_angstrom2, form_factor_core
        Form factors of x-rays fall as (1 − core)/(1 + width·Q/8)² + core, all atoms of a crystal together.
    thermal_b_angstrom2
        B of the Debye–Waller factor exp(−B·Q/4) of amplitudes.
    """

    lattice_shares: Mapping[BravaisLattice, float] = field(default_factory=dict)
    broad_share: float = 0.3
    sources: tuple[Source, ...] = DEFAULT_SOURCES
    two_theta_min_deg: Range = (2.0, 10.0)
    ladder_share: float = 0.5
    two_theta_max_deg: Range = (30.0, 140.0)
    zero_limit_deg: float = 0.5
    displacement_limit_mm: float = 0.2
    radius_mm: Range = (150.0, 300.0)
    sigma_deg: Range = (0.002, 0.03)
    fade: Range = (0.0, 0.25)
    merge_deg: Range = (0.01, 0.12)
    weakest: Range = (0.001, 0.03)
    n_missing: tuple[int, int] = (0, 4)
    n_foreign: tuple[int, int] = (0, 4)
    instrument_deg: Range = (0.02, 0.15)
    size_deg: Range = (0.0, 0.2)
    strain_deg: Range = (0.0, 0.1)
    contrast_share: float = 0.3
    contrast: Range = (0.003, 0.6)
    form_factor_width_angstrom2: Range = (3.0, 11.0)
    form_factor_core: Range = (0.2, 0.55)
    thermal_b_angstrom2: Range = (0.3, 2.5)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lattice_shares", MappingProxyType(dict(self.lattice_shares)))
        ranges = [name for name in self.__dataclass_fields__ if name not in _NO_RANGES]
        for name in ranges:
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise InputError(f"a range goes from its smaller to its larger end; got {low} to {high}", source=name)
        for name in ("sigma_deg", "merge_deg", "weakest", "contrast", "radius_mm", "two_theta_min_deg"):
            if not getattr(self, name)[0] > 0.0:
                raise InputError("must be positive; give a range that begins above 0", source=name)
        for name in ("broad_share", "ladder_share", "contrast_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError("a share lies between 0 and 1", source=name)
        for name in ("zero_limit_deg", "displacement_limit_mm"):
            if not getattr(self, name) >= 0.0:
                raise InputError("a limit is 0 or more", source=name)
        for name in ("n_missing", "n_foreign"):
            if getattr(self, name)[1] > MAX_FAULTS:
                raise InputError(f"no list has more than {MAX_FAULTS} such lines; give fewer", source=name)
        if self.two_theta_max_deg[1] > 170.0 or self.two_theta_max_deg[0] <= self.two_theta_min_deg[1]:
            raise InputError("must lie between two_theta_min_deg and 170°", source="two_theta_max_deg")
        if not self.sources or not sum(s.share for s in self.sources) > 0.0 or any(s.share < 0.0 for s in self.sources):
            raise InputError("at least one source with a positive share is needed", source="sources")
        shares = self.lattice_shares.values()
        if shares and not (min(shares) >= 0.0 and sum(shares) > 0.0):
            raise InputError("shares must be 0 or more, and not all 0", source="lattice_shares")

    def __reduce__(self) -> tuple[object, ...]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _settings_from, (values | {"lattice_shares": dict(self.lattice_shares)},)

    @classmethod
    def of_condition(cls, condition: Condition) -> Self:
        """Settings under which every list is spoilt by one condition, measured with Cu Kα1 from 5° up the ladder."""
        return cls(
            sources=(_tube("Cu", 1.0),),
            two_theta_min_deg=(5.0, 5.0),
            ladder_share=1.0,
            zero_limit_deg=condition.zero_limit_deg,
            displacement_limit_mm=condition.displacement_limit_mm,
            radius_mm=(DEFAULT_RADIUS_MM, DEFAULT_RADIUS_MM),
            sigma_deg=(condition.sigma_deg, condition.sigma_deg),
            fade=(0.0, 0.0),
            merge_deg=(condition.merge_deg, condition.merge_deg),
            weakest=(condition.weakest, condition.weakest),
            n_missing=(condition.n_missing, condition.n_missing),
            n_foreign=(condition.n_foreign, condition.n_foreign),
        )

    def shares(self, statistics: CrystalStatistics | None = None) -> FloatArray:
        """How often each Bravais lattice is drawn, shape (14,), sum 1."""
        if self.lattice_shares:
            share = np.array([self.lattice_shares.get(lattice, 0.0) for lattice in BRAVAIS_LATTICES])
        else:
            real = (statistics or default_statistics()).cells.share
            share = REAL_SHARE * real + (1.0 - REAL_SHARE) / len(BRAVAIS_LATTICES)
        return np.asarray(share / share.sum(), dtype=np.float64)

    def ranges(self) -> FloatArray:
        """Ranges as kernels take them, shape (18, 2), in the order of ``RANGE_NAMES``."""
        limits = {
            "zero_shift_deg": (-self.zero_limit_deg, self.zero_limit_deg),
            "displacement_mm": (-self.displacement_limit_mm, self.displacement_limit_mm),
        }
        return np.array([limits[n] if n in limits else getattr(self, n) for n in RANGE_NAMES], dtype=np.float64)

    def source_table(self) -> FloatArray:
        """Sources as kernels take them, shape (s, 4): wavelengths from, to, running share, 1 for neutrons."""
        running = np.cumsum([s.share for s in self.sources])
        rows = zip(self.sources, running / running[-1], strict=True)
        return np.array([[*s.wavelength_angstrom, share, s.probe == "neutron"] for s, share in rows])


RANGE_NAMES = (
    "two_theta_min_deg",
    "two_theta_max_deg",
    "zero_shift_deg",
    "displacement_mm",
    "radius_mm",
    "sigma_deg",
    "fade",
    "merge_deg",
    "weakest",
    "n_missing",
    "n_foreign",
    "instrument_deg",
    "size_deg",
    "strain_deg",
    "contrast",
    "form_factor_width_angstrom2",
    "form_factor_core",
    "thermal_b_angstrom2",
)
"""Rows of :meth:`LineListSettings.ranges`."""

_NO_RANGES = (
    "lattice_shares",
    "broad_share",
    "sources",
    "ladder_share",
    "contrast_share",
    "zero_limit_deg",
    "displacement_limit_mm",
)


def _settings_from(values: dict[str, object]) -> LineListSettings:
    return LineListSettings(**values)  # type: ignore[arg-type]
