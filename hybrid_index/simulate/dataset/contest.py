"""Samples as the pairs of files of the AICOMP 2025 contest: a pattern ``.xy`` and its labels ``.json``.

Labels are about the lattice, not about the instrument: peaks stand at their true positions, where the cell has them;
the zero shift and the displacement, which only the pattern shows, have fields of their own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_index.export.atomic import write_atomically
from hybrid_index.simulate.dataset.sample import Sample


def write_pairs(folder: Path, shard: int, samples: Sequence[Sample], settings: Mapping[str, Any]) -> None:
    """Write the two files of each sample, the labels last: where they are, the pattern is whole.

    Raises
    ------
    OutputError
        If a file cannot be written.
    """
    for sample in samples:
        with write_atomically(folder / f"{sample.id}.xy") as path:
            columns = np.column_stack([sample.two_theta_deg, sample.counts])
            np.savetxt(path, columns, fmt=("%.6f", "%.7g"))
        with write_atomically(folder / f"{sample.id}.json") as path:
            path.write_text(json.dumps(as_labels(sample), ensure_ascii=False, indent=1), encoding="utf-8")


def as_labels(sample: Sample) -> dict[str, Any]:
    """The contest's fields, and under ``simulation`` what else is known.

    Degrees, Å and mm; a peak is [true 2θ, d, 1.0, [h, k, l]] whatever its intensity.
    """
    lines, measured, setting = sample.lines, sample.measurement, sample.setting
    names = ("a", "b", "c", "alpha", "beta", "gamma")
    return {
        "crystal_info": dict(zip(names, setting.cell.parameters, strict=True)),
        "zero_shift": measured.zero_shift_deg,
        "sample_displacement": measured.displacement_mm,
        "diffraction_info": {
            "peaks": [
                [two_theta, d, 1.0, hkl]
                for two_theta, d, hkl in zip(
                    lines.two_theta_deg.tolist(), sample.d_angstrom.tolist(), sample.hkl.tolist(), strict=True
                )
            ]
        },
        "simulation": {
            "structure": sample.name,
            "source": sample.source,
            "space_group": setting.space_group,
            "bravais_lattice": setting.bravais_lattice.value,
            "wavelength_angstrom": lines.radiation.wavelength_angstrom,
            "ka2_angstrom": lines.radiation.ka2_angstrom,
            "radius_mm": measured.radius_mm,
            "intensities": [round(x, 4) for x in lines.intensity.tolist()],
            "foreign_two_theta": measured.foreign.two_theta_deg.tolist(),
        },
    }
