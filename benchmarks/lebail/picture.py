"""Pictures of fits: observed, calculated, difference, and ticks, for the eye of whoever judges them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from hybrid_index.export.atomic import write_atomically
from hybrid_index.refine.lebail import LeBailFit


def draw_fits(fits: Sequence[LeBailFit], titles: Sequence[str], path: Path) -> None:
    """Draw fits of one pattern below each other, on the square root of the intensity, into an image file."""
    figure = Figure(figsize=(16.0, 4.5 * len(fits)), layout="constrained")
    axes = figure.subplots(len(fits), 1, sharex=True, squeeze=False)[:, 0]
    for ax, fit, title in zip(axes, fits, titles, strict=True):
        x, low = fit.two_theta_deg, float(np.quantile(fit.observed, 0.01))
        root = [np.sqrt(np.maximum(y - 0.9 * low, 0.0)) for y in (fit.observed, fit.calculated, fit.background)]
        ax.plot(x, root[0], ".", ms=2, color="tab:blue")
        ax.plot(x, root[1], lw=0.8, color="tab:red")
        ax.plot(x, root[2], lw=0.8, color="tab:green")
        unit = 0.02 * float(root[0].max())
        ax.plot(x, -4.0 * unit + unit * np.clip(fit.difference / fit.sigma, -20.0, 20.0) / 5.0, lw=0.5, color="0.3")
        ticks = fit.reflections.two_theta_deg
        weak = fit.reflections.intensity < 2.0 * fit.reflections.intensity_esd
        for chosen, colour in ((~weak, "black"), (weak, "tab:orange")):
            ax.plot(ticks[chosen], np.full(chosen.sum(), -9.0 * unit), "|", color=colour, ms=8)
        ax.set_title(f"{title}   R_wp {fit.r_wp:.3f}, R_exp {fit.r_exp:.3f}, χ² {fit.chi2:.2f}", fontsize=10)
        ax.set_xlim(x[0], x[-1])
    axes[-1].set_xlabel("2θ / °")
    with write_atomically(path) as temporary:
        figure.savefig(temporary, dpi=70)
