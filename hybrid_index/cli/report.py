"""A result for people: a table of the solutions, then how sure it is, why, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table

from hybrid_index.config import SOLVED_SHARE_INDEXED
from hybrid_index.export import with_esd
from hybrid_index.known import label
from hybrid_index.lattice import BravaisLattice, Cell
from hybrid_index.types import IndexingResult, PeakList, Solution

ROWS_SHOWN = 8
"""Further solutions are in the JSON document; a longer table hides the good ones."""
LINES_NAMED = 8
WIDE = 100
"""Columns from which on the table has room for two spaces between its columns; with one it fits into 80."""
NEARLY_SURE, LIKELY = 0.95, 0.6


def report(result: IndexingResult, *, file: str, width: int = WIDE) -> RenderableType:
    """Return the table and the sentences below it, ready to print on a console of *width* columns."""
    parts: list[RenderableType] = []
    if result.peaks is not None and len(result.peaks):
        parts.append(escape(_headline(result, result.peaks)))
    if result.solutions:
        parts.append("")
        parts.append(_table(result, width))
    if result.best is not None:
        parts.append("")
        parts.extend(escape(line) for line in _details(result, result.best))
    parts.append("")
    parts.append(f"[bold]{escape(verdict(result))}[/bold]")
    parts.extend(escape(f"  · {reason}") for reason in result.reasons)
    parts.append(escape(f"Next: {next_step(result, file)}"))
    return Group(*parts)


def verdict(result: IndexingResult) -> str:
    """Return one plain sentence on how sure the answer is."""
    best = result.best
    if result.status in ("not_found", "failed") or best is None:
        return "No trusted cell was found."
    symmetry = f"{best.refinement.candidate.bravais_lattice.crystal_system} cell 1"
    percent = f"{100.0 * best.probability:.0f} %"
    if result.status == "budget_exhausted":
        return f"The time ran out; {symmetry} is the best so far, but not to be trusted yet (probability {percent})."
    if result.status == "ambiguous" and best.refinement.assignment.indexed.mean() < SOLVED_SHARE_INDEXED:
        return f"The {symmetry} explains part of the lines (probability {percent}); the rest needs another phase."
    if result.status == "ambiguous":
        return f"The lines fit more than one lattice; {symmetry} comes first (probability {percent})."
    if best.probability >= NEARLY_SURE:
        return f"The {symmetry} is the answer, almost certainly (probability {percent})."
    if best.probability >= LIKELY:
        return f"The {symmetry} is probably the answer (probability {percent}); check it before you build on it."
    return f"The {symmetry} is the best found, with some doubt (probability {percent}); look at the others too."


def next_step(result: IndexingResult, file: str) -> str:
    """Return what to do now, in one line."""
    match result.status:
        case "solved" if _from_pattern(result):
            return (
                f"see how it fits (--plot fit.html); rank its space groups (hybrid-index spacegroup {file}); "
                f"write start files of a refinement (hybrid-index export {file} --to all --out start)."
            )
        case "solved":
            return "see how it fits (--plot fit.html), or take all numbers and line indices (--json)."
        case "ambiguous":
            return "compare the first solutions (--plot fit.html --solution 2); density or a known relative decides."
        case "budget_exhausted":
            return "give it more time (--budget 120), or narrow the search (--systems, --max-volume)."
    return (
        f"look at the lines with hybrid-index peaks {file} --plot lines.html; drop foreign ones (--drop-peak; "
        f"hybrid-index glance {file} says which they may be), check --wavelength, widen --zero-limit or --max-volume, "
        "or give more time (--budget 120)."
    )


def _from_pattern(result: IndexingResult) -> bool:
    """Whether the lines were found in a pattern: then their heights over the noise are known."""
    return result.peaks is not None and bool(np.isfinite(result.peaks.height_over_noise).any())


def _headline(result: IndexingResult, peaks: PeakList) -> str:
    low, high = peaks.two_theta_deg[0], peaks.two_theta_deg[-1]
    name = f" ({peaks.radiation.name})" if peaks.radiation.name and "Å" not in peaks.radiation.name else ""
    seconds = result.timing_s.get("total")
    took = "" if seconds is None else f" · {seconds:.1f} s"
    return f"{result.id} · {len(peaks)} lines, {low:.2f}–{high:.2f}° · λ {peaks.wavelength_angstrom:.6g} Å{name}{took}"


def _table(result: IndexingResult, width: int) -> Table:
    gap = " " if width >= WIDE else ""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, len(gap), 0, 0))
    for heading in ("#", "", f"a {gap}b {gap}c (Å), α {gap}β {gap}γ (°)"):
        table.add_column(heading, no_wrap=True)
    fitted = any(solution.whole_pattern for solution in result.solutions[:ROWS_SHOWN])
    for heading in ("V (Å³)", "M20", "F20", "Lines", *(["R_wp"] if fitted else []), "P", "Shift (°)"):
        table.add_column(heading, justify="right", no_wrap=True)
    for solution in result.solutions[:ROWS_SHOWN]:
        refinement = solution.refinement
        lattice, assignment, shift = refinement.candidate.bravais_lattice, refinement.assignment, refinement.shift
        table.add_row(
            str(solution.rank),
            lattice.value,
            "\n".join(cell_lines(lattice, refinement.cell, refinement.cell_esd, f" {gap}")),
            f"{refinement.cell.volume:.1f}",
            f"{refinement.merit.m20:.1f}",
            f"{refinement.merit.f20:.1f}",
            f"{int(assignment.indexed.sum())}/{assignment.indexed.size}",
            *([_r_wp(solution)] if fitted else []),
            f"{solution.probability:.2f}",
            with_esd(shift.combined_deg, shift.combined_esd_deg),
            style="bold" if solution.rank == 1 else None,
        )
    hidden = len(result.solutions) - ROWS_SHOWN
    if hidden > 0:
        table.caption = f"and {hidden} more (--json)"
        table.caption_justify = "left"
    return table


def _r_wp(solution: Solution) -> str:
    """R_wp in percent, empty where no fit was made."""
    return "" if solution.whole_pattern is None else f"{100.0 * solution.whole_pattern.r_wp:.1f}"


def cell_lines(lattice: BravaisLattice, cell: Cell, cell_esd: Cell, gap: str) -> Iterator[str]:
    """Lengths that symmetry leaves free, and on a second line the angles, where any is free."""
    values, errors = cell.parameters, cell_esd.parameters
    texts = [with_esd(value, error) for value, error in zip(values, errors, strict=True)]
    match lattice.value[0]:
        case "c":
            yield texts[0]
        case "t" | "h":
            yield f"{texts[0]}{gap}{texts[2]}"
        case "o":
            yield gap.join(texts[:3])
        case "m":
            yield gap.join(texts[:3])
            yield f"β {texts[4]}"
        case _:
            yield gap.join(texts[:3])
            yield gap.join(texts[3:])


def _details(result: IndexingResult, best: Solution) -> Iterator[str]:
    shift, assignment = best.refinement.shift, best.refinement.assignment
    zero = with_esd(shift.zero_shift_deg, shift.zero_shift_esd_deg)
    displacement = with_esd(shift.displacement_mm, shift.displacement_esd_mm)
    for solution in result.solutions[:ROWS_SHOWN]:
        if solution.known:
            yield f"Known phase: cell {solution.rank} is {label(solution.known)}"
    yield f"Zero shift {zero}°, sample displacement {displacement} mm"
    if shift.note and shift.note not in result.reasons:
        yield shift.note
    if result.peaks is not None and not assignment.indexed.all():
        positions = result.peaks.two_theta_deg[~assignment.indexed]
        named = ", ".join(f"{position:.3f}" for position in positions[:LINES_NAMED])
        rest = f" and {positions.size - LINES_NAMED} more" if positions.size > LINES_NAMED else ""
        yield f"Not indexed by cell 1: {named}{rest} (° 2θ)"
    for equivalent in best.equivalents:
        lengths = "  ".join(f"{value:.4f}" for value in equivalent.cell.parameters[:3])
        angles = "  ".join(f"{value:.3f}" for value in equivalent.cell.parameters[3:])
        yield f"Same lines: {equivalent.bravais_lattice.value}  {lengths} Å  {angles}° ({equivalent.relation})"
