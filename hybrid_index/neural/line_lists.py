"""Line lists of random lattices as tensors, made on the device where they are wanted.

The same statistics as ``simulate.line_lists``, from the same tables; the random numbers are torch's, so a list is
reproducible for a given seed, size of the batch, device and version of torch, and is not the list of the kernels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES, holohedry_order
from hybrid_index.neural.random_cells import metrics_of, random_grams
from hybrid_index.neural.reflections import Reflections, lowest_reflections
from hybrid_index.neural.spoiling import Spoilt, spoil
from hybrid_index.types import MIN_LINES, IntArray
from hybrid_index.units import FloatArray

if TYPE_CHECKING:
    from hybrid_index.simulate.line_list_tables import LineListTables

N_LOWEST = 256
"""Reflections of a lattice that its lines are chosen from."""
LIST_TO = 190.0
"""Lines that a lattice is listed to, by volume: enough for sixty that are visible."""
SPARE = 0.1
"""Lists drawn beyond those wanted: some show fewer than five lines."""
FEWEST_USABLE = 0.01
"""Settings under which fewer lists than this share have five lines are a mistake."""
MAX_BATCH = 8192
"""Lists worked on at a time: a grid of indices for each takes some 100 kB."""
WEAKER = 0.3
"""Lines down to this share of the weakest visible one are kept until lines are merged."""

_LOG_UNIFORM = ("sigma_deg", "merge_deg", "weakest", "contrast")
_WHOLE = ("n_missing", "n_foreign")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LineListBatch:
    """A batch of n line lists and the truth about them, all on one device; rows end in zeros after ``count`` lines.

    The fields are those of ``simulate.line_lists.LineLists``: ``two_theta_deg``, ``metric`` and what is one number for
    each list are float64, ``intensity``, ``sigma_deg``, ``fwhm_deg`` float32, ``hkl`` int16 (n, 60, 3), ``foreign`` and
    ``neutron`` bool, ``count``, ``lattice`` and ``extinction_class`` int64.
    """

    two_theta_deg: Tensor
    intensity: Tensor
    sigma_deg: Tensor
    fwhm_deg: Tensor
    hkl: Tensor
    foreign: Tensor
    count: Tensor
    metric: Tensor
    lattice: Tensor
    extinction_class: Tensor
    zero_shift_deg: Tensor
    displacement_mm: Tensor
    radius_mm: Tensor
    wavelength_angstrom: Tensor
    neutron: Tensor
    two_theta_limits_deg: Tensor

    def __len__(self) -> int:
        return len(self.count)

    def select(self, keep: Tensor) -> LineListBatch:
        """Return the lists chosen by indices or a mask."""
        return LineListBatch(**{field.name: getattr(self, field.name)[keep] for field in fields(self)})


def draw_line_lists(n: int, tables: LineListTables, *, seed: int, device: torch.device | str = "cpu") -> LineListBatch:
    """Draw *n* line lists.

    Parameters
    ----------
    n
        How many.
    tables
        What they are drawn after: ``LineListTables.of(settings)`` of the simulator.
    seed
        Of torch's generator on that device.
    device
        Where to work, and where the tensors are.

    Raises
    ------
    InputError
        If *n* is not positive, or if hardly any list has five lines under these settings.
    """
    if n < 1:
        raise InputError(f"is too small; give 1 or more, not {n}", source="n")
    generator = torch.Generator(device=device)
    generator.manual_seed(seed)
    parts: list[LineListBatch] = []
    missing = n
    while missing > 0:
        batch = _draw(min(int(missing * (1.0 + SPARE)) + 8, MAX_BATCH), tables, generator)
        own = (batch.count - batch.foreign.sum(dim=1)) >= MIN_LINES
        parts.append(batch.select(torch.nonzero(own)[:missing, 0]))
        missing -= len(parts[-1])
        if own.double().mean() < FEWEST_USABLE:
            raise InputError("hardly any list has five lines; let the measurements go further", source="settings")
    names = (field.name for field in fields(LineListBatch))
    return LineListBatch(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})


def _draw(n: int, tables: LineListTables, generator: torch.Generator) -> LineListBatch:
    """Draw lists, those with too few lines among them."""
    device = generator.device
    drawn = {name: _from_range(name, *ends, n, generator) for name, ends in tables.range_of.items()}
    wavelength, neutron = _sources(n, tables, generator)
    lattice = torch.searchsorted(_table(tables.arrays.lattice_running, device), _uniform(n, generator)).clamp(max=13)
    kind = _classes(lattice, tables, generator)
    grams = random_grams(lattice, tables, generator)
    metric = metrics_of(grams)
    volume = torch.sqrt(torch.linalg.det(grams))
    climbs = _uniform(n, generator) < tables.arrays.shares[1]
    end = torch.where(climbs, tables.ladder_deg[-1], drawn["two_theta_max_deg"])
    q_min, q_end = (
        (2.0 * torch.sin(torch.deg2rad(x / 2.0)) / wavelength) ** 2 for x in (drawn["two_theta_min_deg"], end)
    )
    q_max = torch.minimum(_expected_q(lattice, volume), q_end)
    reflections = lowest_reflections(metric, lattice, q_min, q_max, _table(tables.arrays.tests, device)[kind], N_LOWEST)
    strength = _intensities(reflections, kind, drawn, wavelength, neutron, tables, generator)
    two_theta = _two_theta(reflections.q, wavelength)
    end = torch.where(climbs, _rung(two_theta, strength, drawn["weakest"], tables), end)
    strength = torch.where(two_theta <= end[:, None], strength, 0.0)
    strength = torch.where(strength >= WEAKER * drawn["weakest"][:, None] * _row_max(strength), strength, 0.0)
    spoilt = spoil(two_theta, strength, drawn, tables, generator)
    return LineListBatch(
        **_columns(spoilt, reflections),
        metric=metric,
        lattice=lattice,
        extinction_class=kind,
        zero_shift_deg=drawn["zero_shift_deg"],
        displacement_mm=drawn["displacement_mm"],
        radius_mm=drawn["radius_mm"],
        wavelength_angstrom=wavelength,
        neutron=neutron,
        two_theta_limits_deg=torch.stack((drawn["two_theta_min_deg"], end), dim=1),
    )


def _columns(spoilt: Spoilt, reflections: Reflections) -> dict[str, Tensor]:
    """Columns of the record that hold one number for each line."""
    own = spoilt.listed & (spoilt.origin >= 0)
    hkl = reflections.hkl.gather(1, spoilt.origin.clamp(min=0)[:, :, None].expand(-1, -1, 3))
    return {
        "two_theta_deg": torch.where(spoilt.listed, spoilt.two_theta_deg, 0.0),
        "intensity": torch.where(spoilt.listed, spoilt.intensity, 0.0).float(),
        "sigma_deg": torch.where(spoilt.listed, spoilt.sigma_deg, 0.0).float(),
        "fwhm_deg": torch.where(spoilt.listed, spoilt.fwhm_deg, 0.0).float(),
        "hkl": torch.where(own[:, :, None], hkl, 0).to(torch.int16),
        "foreign": spoilt.listed & ~own,
        "count": spoilt.listed.sum(dim=1),
    }


def _from_range(name: str, low: float, high: float, n: int, generator: torch.Generator) -> Tensor:
    """Draw one number for each list (n,) from a range."""
    u = _uniform(n, generator)
    if name in _LOG_UNIFORM:
        return low * (high / low) ** u
    if name in _WHOLE:
        return torch.floor(low + u * (high + 1.0 - low))
    return low + u * (high - low)


def _sources(n: int, tables: LineListTables, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Wavelengths (n,), and whether they are of neutrons (n,)."""
    sources = _table(tables.arrays.sources, generator.device)
    running = sources[:, 2].contiguous()
    chosen = sources[torch.searchsorted(running, _uniform(n, generator)).clamp(max=len(running) - 1)]
    wavelength = chosen[:, 0] + _uniform(n, generator) * (chosen[:, 1] - chosen[:, 0])
    return wavelength, chosen[:, 3] != 0.0


def _classes(lattice: Tensor, tables: LineListTables, generator: torch.Generator) -> Tensor:
    """Extinction class (n,) of each lattice."""
    first = _table(tables.arrays.class_first, lattice.device)
    owner = torch.repeat_interleave(torch.arange(len(first) - 1, device=lattice.device), torch.diff(first))
    running = _table(tables.arrays.class_running, lattice.device) + owner
    found = torch.searchsorted(running, lattice + _uniform(len(lattice), generator))
    return torch.minimum(found, first[lattice + 1] - 1)


def _expected_q(lattice: Tensor, volume: Tensor) -> Tensor:
    """Q (n,) up to which lattices of a conventional volume have about ``LIST_TO`` lines."""
    nodes = torch.tensor(
        [LIST_TO * holohedry_order(x) * x.lattice_points for x in BRAVAIS_LATTICES], device=volume.device
    )
    return (0.75 / math.pi * nodes.double()[lattice] / volume) ** (2.0 / 3.0)


def _intensities(
    reflections: Reflections,
    kind: Tensor,
    drawn: dict[str, Tensor],
    wavelength: Tensor,
    neutron: Tensor,
    tables: LineListTables,
    generator: torch.Generator,
) -> Tensor:
    """Relative intensities (n, k) of reflections, zero where there is none."""
    n, device = len(kind), kind.device
    hkl, q, multiplicity, general = reflections
    strengths = _table(tables.arrays.strengths, device)
    centric = (_uniform(n, generator) < _table(tables.arrays.centric, device)[kind]).long()
    orbits = torch.floor(_table(tables.arrays.merged, device)[kind] + _uniform(n, generator)).long() - 1
    level = torch.randint(strengths.shape[2], q.shape, generator=generator, device=device)
    strength = strengths[centric[:, None], torch.where(general, orbits[:, None], 0), level]
    has_contrast = _uniform(n, generator) < tables.arrays.shares[2]
    parity = torch.where(has_contrast, torch.randint(1, 8, (n,), generator=generator, device=device), 0)
    bits = torch.stack([(parity >> shift) & 1 for shift in range(3)], dim=1)
    odd = (hkl * bits[:, None]).sum(dim=2) % 2 == 1
    strength = torch.where(odd, drawn["contrast"][:, None] * strength, strength)
    listed = torch.isfinite(q)
    q = torch.where(listed, q, 1e-6)
    sine2 = 0.25 * wavelength[:, None] ** 2 * q
    factor = torch.exp(-0.5 * drawn["thermal_b_angstrom2"][:, None] * q) / (sine2 * torch.sqrt(1.0 - sine2))
    core = drawn["form_factor_core"][:, None]
    fall_off = core + (1.0 - core) / (1.0 + 0.125 * drawn["form_factor_width_angstrom2"][:, None] * q) ** 2
    xray = (1.0 + (1.0 - 2.0 * sine2) ** 2) * fall_off**2
    value = multiplicity * strength * factor * torch.where(neutron[:, None], 1.0, xray)
    return torch.where(listed, value, 0.0)


def _rung(two_theta: Tensor, strength: Tensor, weakest: Tensor, tables: LineListTables) -> Tensor:
    """First rung of the ladder (n,) below which there are twenty visible lines, else the last."""
    end = torch.full_like(weakest, tables.ladder_deg[-1])
    for rung in reversed(tables.ladder_deg[:-1]):
        below = torch.where(two_theta <= rung, strength, 0.0)
        visible = (below > 0.0) & (below >= weakest[:, None] * _row_max(below))
        end = torch.where(visible.sum(dim=1) >= tables.first_lines, rung, end)
    return end


def _two_theta(q: Tensor, wavelength: Tensor) -> Tensor:
    """2θ (n, k) in degrees; infinite where Q is."""
    sine = 0.5 * wavelength[:, None] * torch.sqrt(q)
    return torch.where(sine < 1.0, 2.0 * torch.rad2deg(torch.asin(sine.clamp(max=1.0))), math.inf)


def _row_max(values: Tensor) -> Tensor:
    return values.amax(dim=1, keepdim=True)


def _uniform(n: int, generator: torch.Generator) -> Tensor:
    return torch.rand(n, generator=generator, device=generator.device, dtype=torch.float64)


def _table(array: FloatArray | IntArray, device: torch.device) -> Tensor:
    return torch.tensor(array, device=device)
