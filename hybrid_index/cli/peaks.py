"""``hybrid-index peaks``: the lines of a pattern, as CSV."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import reports_faults
from hybrid_index.cli.index import check_plot

if TYPE_CHECKING:
    from hybrid_index.types import PeakList

_COLUMNS = (
    ("two_theta", "two_theta_deg", ".5f"),
    ("two_theta_esd", "two_theta_esd_deg", ".5f"),
    ("d", "d_angstrom", ".6f"),
    ("intensity", "intensity", ".6g"),
    ("fwhm", "fwhm_deg", ".5f"),
    ("height_over_noise", "height_over_noise", ".4g"),
)


@reports_faults
def peaks_command(
    file: opt.File,
    wavelength: opt.Wavelength = None,
    peak_units: opt.PeakUnits = None,
    add_peak: opt.AddPeak = None,
    drop_peak: opt.DropPeak = None,
    two_theta_range: opt.TwoThetaRange = None,
    as_json: opt.Json = False,
    plot: opt.Plot = None,
) -> None:
    """Find the lines of a pattern: positions with uncertainties, d, intensities, widths.

    The CSV (or JSON) is itself a peak list that `index` reads.
    """
    radiation, range_deg = opt.radiation_from(wavelength), opt.range_from(two_theta_range)
    check_plot(plot)

    from hybrid_index.cli.inputs import load
    from hybrid_index.peaks import find_peaks
    from hybrid_index.types import Pattern

    data = load(
        file,
        radiation=radiation,
        peak_units=peak_units,
        add=add_peak or (),
        drop=drop_peak or (),
        range_deg=range_deg,
    )
    peaks = find_peaks(data.work) if isinstance(data.work, Pattern) else data.work
    if plot is not None:
        from hybrid_index.export import write_peak_plot

        write_peak_plot(peaks, plot, pattern=data.pattern)
    typer.echo(_as_json(peaks) if as_json else _as_csv(peaks), nl=as_json)


def _as_csv(peaks: PeakList) -> str:
    text = io.StringIO()
    text.write(f"# wavelength {peaks.wavelength_angstrom:.8g}\n")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header for header, _, _ in _COLUMNS)
    columns = [[format(value, form) for value in getattr(peaks, name).tolist()] for _, name, form in _COLUMNS]
    writer.writerows(zip(*columns, strict=True))
    return text.getvalue()


def _as_json(peaks: PeakList) -> str:
    from hybrid_index.export import to_json

    columns = {}
    for header, name, form in _COLUMNS:
        values = getattr(peaks, name).tolist()
        known = [float(format(value, form)) if math.isfinite(value) else None for value in values]
        if any(value is not None for value in known):
            columns[header] = known
    return to_json({"schema": "hybrid-index/peaks/1", "wavelength": peaks.wavelength_angstrom, **columns}, indent=2)
