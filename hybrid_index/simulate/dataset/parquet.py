"""Samples as the rows of Parquet files."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hybrid_index.export.atomic import write_atomically
from hybrid_index.simulate.dataset.sample import Sample

METADATA_KEY = b"hybrid_index"
"""Under this key the metadata of each file hold the settings of the whole set, as JSON."""

_TEXT = ("id", "structure", "source", "space_group", "crystal_system", "bravais_lattice")
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")
_GRID = ("wavelength_angstrom", "ka2_angstrom", "ka2_ratio", "two_theta_min_deg", "step_deg")
_SHIFT = ("zero_shift_deg", "sample_displacement_mm", "radius_mm")
_PROFILE = ("instrument_fwhm_deg", "lorentzian", "axial_divergence_deg", "size_nm")
_BACKGROUND = ("background_constant", "background_exponential", "background_decay_deg")
_HUMP = ("background_hump", "background_hump_centre_deg", "background_hump_fwhm_deg")
_LISTS = {
    "counts": pa.float32(),
    "peak_two_theta_deg": pa.float64(),
    "peak_d_angstrom": pa.float64(),
    "peak_intensity": pa.float32(),
    "peak_h": pa.int16(),
    "peak_k": pa.int16(),
    "peak_l": pa.int16(),
    "foreign_two_theta_deg": pa.float64(),
    "foreign_intensity": pa.float32(),
}
SCHEMA = pa.schema(
    [(name, pa.string()) for name in _TEXT]
    + [
        (name, pa.float64())
        for name in (*_CELL, "volume", *_GRID, *_SHIFT, *_PROFILE, *_BACKGROUND, *_HUMP, "strongest_counts")
    ]
    + [(name, pa.list_(kind)) for name, kind in _LISTS.items()]
)
"""Columns of every file; docs/datasets.md says what they are."""


def write_parquet(folder: Path, shard: int, samples: Sequence[Sample], settings: Mapping[str, Any]) -> None:
    """Write one shard; equal samples and settings give equal bytes.

    Parameters
    ----------
    folder
        Where to.
    shard
        Number of the shard, from 0.
    samples
        Its rows.
    settings
        Of the whole set, for the metadata.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    metadata = {METADATA_KEY: json.dumps({**settings, "shard": shard}, ensure_ascii=False).encode()}
    table = pa.Table.from_pylist([as_row(sample) for sample in samples], schema=SCHEMA.with_metadata(metadata))
    with write_atomically(folder / f"part-{shard:05d}.parquet") as path, open(path, "wb") as handle:
        pq.write_table(table, handle, compression="zstd")


def as_row(sample: Sample) -> dict[str, Any]:
    """Values of the columns of :data:`SCHEMA`."""
    setting, measured, lines = sample.setting, sample.measurement, sample.lines
    cell, radiation, profile, background = setting.cell, lines.radiation, measured.profile, measured.background
    h, k, l = sample.hkl.T
    return {
        "id": sample.id,
        "structure": sample.name,
        "source": sample.source,
        "space_group": setting.space_group,
        "crystal_system": setting.bravais_lattice.crystal_system,
        "bravais_lattice": setting.bravais_lattice.value,
        **dict(zip(_CELL, cell.parameters, strict=True)),
        "volume": cell.volume,
        "wavelength_angstrom": radiation.wavelength_angstrom,
        "ka2_angstrom": radiation.ka2_angstrom,
        "ka2_ratio": radiation.ka2_ratio if radiation.ka2_angstrom else 0.0,
        "two_theta_min_deg": sample.two_theta_min_deg,
        "step_deg": sample.step_deg,
        "zero_shift_deg": measured.zero_shift_deg,
        "sample_displacement_mm": measured.displacement_mm,
        "radius_mm": measured.radius_mm,
        "instrument_fwhm_deg": math.sqrt(profile.w),
        "lorentzian": profile.eta,
        "axial_divergence_deg": profile.axial_divergence_deg,
        "size_nm": profile.crystallite_size_nm,
        "background_constant": background.constant,
        "background_exponential": background.exponential,
        "background_decay_deg": background.decay_deg,
        "background_hump": background.hump,
        "background_hump_centre_deg": background.hump_centre_deg,
        "background_hump_fwhm_deg": background.hump_fwhm_deg,
        "strongest_counts": measured.strongest_counts,
        "counts": sample.counts,
        "peak_two_theta_deg": lines.two_theta_deg,
        "peak_d_angstrom": sample.d_angstrom,
        "peak_intensity": lines.intensity.astype(np.float32),
        "peak_h": h,
        "peak_k": k,
        "peak_l": l,
        "foreign_two_theta_deg": measured.foreign.two_theta_deg,
        "foreign_intensity": measured.foreign.intensity.astype(np.float32),
    }
