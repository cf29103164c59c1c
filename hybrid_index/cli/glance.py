"""``hybrid-index glance``: what the networks see in the lines, and find in a few looks."""

from __future__ import annotations

import typer

from hybrid_index.cli import options as opt
from hybrid_index.cli.faults import reports_faults


@reports_faults
def glance_command(
    file: opt.File,
    wavelength: opt.Wavelength = None,
    peak_units: opt.PeakUnits = None,
    peaks_from: opt.PeaksFrom = None,
    add_peak: opt.AddPeak = None,
    drop_peak: opt.DropPeak = None,
    two_theta_range: opt.TwoThetaRange = None,
    systems: opt.Systems = None,
    zero_limit: opt.ZeroLimit = None,
    fix_zero: opt.FixZero = None,
    as_json: opt.Json = False,
) -> None:
    """Ask the networks about the lines: zero shift, Bravais lattice, volume, cells at first sight, foreign lines.

    A tenth of a second or two, and probabilities that say how sure it is.
    """
    settings = opt.settings_from(None, systems, zero_limit_deg=zero_limit, fix_zero_shift_deg=fix_zero)
    radiation, range_deg = opt.radiation_from(wavelength), opt.range_from(two_theta_range)

    from hybrid_index.cli.inputs import load

    data = load(
        file,
        radiation=radiation,
        peak_units=peak_units,
        peaks_from=peaks_from,
        add=add_peak or (),
        drop=drop_peak or (),
        range_deg=range_deg,
    )
    from hybrid_index.cli import glance_report as texts
    from hybrid_index.pipeline import glance  # last: it loads the kernels, which a bad file need not wait for

    seen = glance(data.work, wavelength=radiation, settings=settings)
    if as_json:
        from hybrid_index.export import to_json

        typer.echo(to_json(texts.document(seen), indent=2))
    else:
        from hybrid_index.cli.console import stdout

        stdout().print(texts.report(seen, file=str(file)))
