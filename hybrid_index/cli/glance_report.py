"""What a glance sees, for people and for programs."""

from __future__ import annotations

from dataclasses import asdict
from itertools import takewhile
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from hybrid_index.cli.report import cell_lines
from hybrid_index.export import with_esd
from hybrid_index.types import Glance

SCHEMA = "hybrid-index/glance/1"
ROWS_SHOWN = 6
LEAST_SHOWN = 0.02
"""Lattices below this probability are in the JSON document only."""
DOUBTFUL = 0.3
"""Lines are named from this probability of being foreign."""


def report(seen: Glance, *, file: str) -> RenderableType:
    """Return a table of the likeliest lattices and sentences around it, ready to print."""
    peaks, n = seen.peaks, len(seen.foreign)
    systems = takewhile(lambda item: item[1] >= LEAST_SHOWN, seen.systems.items())
    parts: list[RenderableType] = [
        escape(
            f"{peaks.name or file} · {len(peaks)} lines, {peaks.two_theta_deg[0]:.2f}–{peaks.two_theta_deg[-1]:.2f}° · "
            f"λ {peaks.wavelength_angstrom:.6g} Å"
        ),
        "",
        f"Shift of 2θ (zero and displacement together): {with_esd(seen.shift_deg, seen.shift_esd_deg)}°",
        "Crystal system: " + ", ".join(f"{name} {100.0 * p:.0f} %" for name, p in systems),
        "",
        _lattices(seen),
        "",
        _cells(seen) if seen.cells else "No cell was found on the way.",
        "",
    ]
    doubtful = [(x, p) for x, p in zip(peaks.two_theta_deg[:n], seen.foreign, strict=True) if p >= DOUBTFUL]
    named = ", ".join(f"{x:.3f}° ({100.0 * p:.0f} %)" for x, p in doubtful)
    parts.append(f"Perhaps foreign, of the first {n} lines: {named or 'none'}.")
    drop = " (--drop-peak leaves out a line)" if doubtful else ""
    what = "settles it, with more than networks" if seen.cells else "searches for it"
    parts.append(escape(f"Next: hybrid-index index {file} {what}{drop}."))
    return Group(*parts)


def _lattices(seen: Glance) -> Table:
    table = _empty_table("Bravais lattice", "P", "V (Å³)", "68 % of V")
    for guess in seen.lattices[:ROWS_SHOWN]:
        if guess.probability >= LEAST_SHOWN:
            volume, factor = guess.volume_angstrom3, guess.volume_factor
            table.add_row(
                guess.bravais_lattice.value,
                f"{guess.probability:.2f}",
                f"{volume:.0f}",
                f"{volume / factor:.0f}–{volume * factor:.0f}",
            )
    return table


def _cells(seen: Glance) -> Table:
    table = _empty_table("Cell found", "P", "a, b, c (Å); α, β, γ (°)", "V (Å³)")
    for one in seen.cells:
        cell = "\n".join(cell_lines(one.bravais_lattice, one.cell, one.cell_esd, "  "))
        table.add_row(one.bravais_lattice.value, f"{one.probability:.2f}", cell, f"{one.cell.volume:.1f}")
    return table


def _empty_table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def document(seen: Glance) -> dict[str, Any]:
    """Return everything as nested dictionaries, lists, strings and numbers, ready for :mod:`json`."""
    peaks, n = seen.peaks, len(seen.foreign)
    return {
        "schema": SCHEMA,
        "id": peaks.name,
        "wavelength": peaks.wavelength_angstrom,
        "shift_deg": seen.shift_deg,
        "shift_esd_deg": seen.shift_esd_deg,
        "crystal_systems": seen.systems,
        "lattices": [
            {
                "bravais_lattice": guess.bravais_lattice.value,
                "probability": guess.probability,
                "volume": guess.volume_angstrom3,
                "volume_factor": guess.volume_factor,
            }
            for guess in seen.lattices
        ],
        "cells": [
            {
                "bravais_lattice": one.bravais_lattice.value,
                "probability": one.probability,
                "cell": asdict(one.cell),
                "cell_esd": asdict(one.cell_esd),
                "shift_deg": one.shift_deg,
                "shift_esd_deg": one.shift_esd_deg,
            }
            for one in seen.cells
        ],
        "lines": [
            {"two_theta": x, "foreign": p}
            for x, p in zip(peaks.two_theta_deg[:n].tolist(), seen.foreign.tolist(), strict=True)
        ],
    }
