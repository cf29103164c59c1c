"""Make ``demo_pattern.xye``: anglesite as a laboratory diffractometer would see it, a little out of adjustment.

The structure is that of S. D. Jacobsen, J. R. Smyth, R. J. Swope & R. T. Downs, "Rigid-body character of the SO4 groups
in celestine, anglesite and barite", Canadian Mineralogist 36 (1998) 1053-1060; the displacement parameters are rounded.
Run it anywhere: the same file comes out.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hybrid_index.lattice import Cell
from hybrid_index.simulate import Background, Lines, Profile, Site, Structure, powder_lines, simulate_pattern
from hybrid_index.types import Pattern
from hybrid_index.units import parse_radiation

OUTPUT = Path(__file__).with_name("demo_pattern.xye")
RADIATION = parse_radiation("CuKa")
ZERO_SHIFT_DEG = 0.04
DISPLACEMENT_MM = -0.06
STRAY_LINE_DEG = 30.09
"""Where the strongest line of galena, PbS, lies: the mineral that anglesite forms from."""
SEED = 1998

ANGLESITE = Structure.from_sites(
    Cell(a=6.9549, b=8.472, c=5.3973),
    "P b n m",
    [
        Site(element="Pb", xyz=(0.16716, 0.18798, 0.25), u_iso=0.018),
        Site(element="S", xyz=(0.1849, 0.4358, 0.75), u_iso=0.010),
        Site(element="O", xyz=(0.0946, 0.5915, 0.75), u_iso=0.018),
        Site(element="O", xyz=(0.0424, 0.3072, 0.75), u_iso=0.018),
        Site(element="O", xyz=(0.3090, 0.4189, 0.9726), u_iso=0.018),
    ],
    name="anglesite",
)


def demo_pattern() -> Pattern:
    """Simulate the pattern: Cu Kα doublet, noise, zero shift, displacement, one stray line."""
    return simulate_pattern(
        powder_lines(ANGLESITE, RADIATION, 85.0),
        two_theta_range_deg=(5.0, 80.0),
        step_deg=0.02,
        profile=Profile(u=0.006, v=-0.004, w=0.009, eta=0.5, axial_divergence_deg=1.5),
        background=Background(constant=60.0, exponential=400.0, decay_deg=8.0),
        strongest_counts=5000.0,
        zero_shift_deg=ZERO_SHIFT_DEG,
        displacement_mm=DISPLACEMENT_MM,
        impurity=Lines.from_positions(STRAY_LINE_DEG, 12.0, radiation=RADIATION),
        seed=SEED,
        name="anglesite",
    )


def main() -> None:
    """Write the file beside this script."""
    pattern = demo_pattern()
    header = [
        "simulated pattern of anglesite, PbSO4, made by examples/make_demo_pattern.py",
        f"zero shift {ZERO_SHIFT_DEG} deg, sample displacement {DISPLACEMENT_MM} mm at 200 mm, one stray line",
        f"wavelength Kalpha1 = {RADIATION.wavelength_angstrom}, Kalpha2 = {RADIATION.ka2_angstrom}",
        "2theta_deg counts sigma",
    ]
    columns = np.column_stack([pattern.two_theta_deg, pattern.intensity, np.sqrt(np.maximum(pattern.intensity, 1.0))])
    np.savetxt(OUTPUT, columns, fmt=("%.2f", "%.0f", "%.1f"), header="\n".join(header), encoding="utf-8")
    print(f"{OUTPUT.name}: {len(columns)} points")


if __name__ == "__main__":
    main()
