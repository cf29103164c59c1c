"""How the cell of a pattern goes on from those before it in its series: continued, changed, or lost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from hybrid_index.batch.series import Place, Trusted
from hybrid_index.known import KnownPhase, KnownPhases
from hybrid_index.lattice import BravaisLattice, Cell, derivative_relation, holohedry_order, primitive_gram
from hybrid_index.types import KnownMatch

SERIES_STRAIN = 0.02
"""Largest strain between a pattern and the one before it for which the lattice counts as the same."""
DERIVATIVE_TOLERANCE = (0.01, 0.6)
"""Relative difference of lengths, and of angles (degrees), up to which a lattice is a derivative of the last one."""
JUMP_VOLUME = 0.01
JUMP_OVER_DRIFT = 4.0
"""The volume jumps where it changes by more than this share in one step, and so many times faster than in the step
before. Where there is none to compare with, all that the strain allows may be the way this series goes."""
SECOND_PHASE_LINES = 3
SECOND_PHASE_SHARE = 0.08
"""So many lines more (or fewer) that the cell does not explain, and such a share of all, tell of a second phase."""
SEEN_PROBABILITY = 0.5
"""The lattice that was trusted last is trusted again from this probability on, and where it leaves many lines."""
MOST_TRUSTED = 3
"""Phases of a series that are remembered: a transition is often gone through again, the other way."""

Relation = Literal["first", "continued", "changed", "lost"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finding:
    relation: Relation
    trusted: tuple[Trusted, ...]
    changes: tuple[str, ...] = ()
    strain_percent: float | None = None
    volume_percent: float | None = None


def placed(content: dict[str, Any], place: Place | None) -> dict[str, Any]:
    """Return a result document with its place in a series, if it has one (``series``, see ``docs/series.md``)."""
    if place is None:
        return content
    finding = _judge(content, place)
    series = {
        "name": place.name,
        "position": place.position,
        "value": place.value,
        "unit": place.unit,
        "relation": finding.relation,
        "change": "; ".join(finding.changes),
        "reference": place.trusted[0].id if place.trusted else None,
        "strain_percent": finding.strain_percent,
        "volume_percent": finding.volume_percent,
        "trusted": [asdict(phase) for phase in finding.trusted],
    }
    return {**content, "series": series}


def _judge(content: Mapping[str, Any], place: Place) -> _Finding:
    """Compare the first solution with the phases before it; a result that is not trusted leaves them as they are."""
    lost = _Finding(relation="lost", trusted=place.trusted)
    if not content["solutions"]:
        return lost
    now = _phase_of(content, place.position)
    matches = _matches(content["solutions"][0], place.trusted)
    same = [i for i, match in matches.items() if _is_same_phase(match, now, place.trusted[i])]
    if not _is_trusted(content, goes_on=0 in same):
        return lost
    if not place.trusted:
        return _Finding(relation="first", trusted=(now,))
    last, changes, percent = place.trusted[0], [], None
    if 0 in same:
        drift = 100.0 * math.log(now.volume / last.volume) / (now.position - last.position)
        percent = 100.0 * (now.volume / last.volume - 1.0)
        jump = _jump(percent, drift, last)
        changes = [*jump, *_second_phase(now, last)]
        now = replace(now, drift_percent=last.drift_percent if jump else abs(drift))
        if not changes:
            now = replace(now, n_lines=last.n_lines, n_unindexed=last.n_unindexed)
    else:
        changes = [_other_lattice(now, last, alike=0 in matches)]
        if same:
            changes.append(f"as in {place.trusted[same[0]].id}")
    others = [phase for i, phase in enumerate(place.trusted) if i not in same]
    return _Finding(
        relation="changed" if changes else "continued",
        trusted=(now, *others[: MOST_TRUSTED - 1]),
        changes=tuple(changes),
        strain_percent=matches[0].strain_percent if 0 in matches else None,
        volume_percent=percent,
    )


def _is_trusted(content: Mapping[str, Any], *, goes_on: bool) -> bool:
    probable = content["solutions"][0]["probability"] >= SEEN_PROBABILITY
    return content["status"] == "solved" or (goes_on and probable)


def _phase_of(content: Mapping[str, Any], position: int) -> Trusted:
    best = content["solutions"][0]
    return Trusted(
        id=content["id"],
        position=position,
        bravais_lattice=best["bravais_lattice"],
        cell=Cell(**best["cell"]),
        zero_shift_deg=best["zero_shift_deg"],
        displacement_mm=best["displacement_mm"],
        n_lines=content["n_peaks"],
        n_unindexed=content["n_peaks"] - best["n_indexed"],
    )


def _matches(best: Mapping[str, Any], phases: Sequence[Trusted]) -> dict[int, KnownMatch]:
    """Which of the phases have this lattice, strained at most by so much; or one with the same lines."""
    if not phases:
        return {}
    library = KnownPhases(
        (KnownPhase(name=f"{i}", cell=p.cell, centring=p.lattice.centring) for i, p in enumerate(phases)),
        tolerance=SERIES_STRAIN,
    )
    partners = [(Cell(**item["cell"]), BravaisLattice(item["bravais_lattice"])) for item in best["equivalents"]]
    lattice = BravaisLattice(best["bravais_lattice"])
    found = library.match(Cell(**best["cell"]), lattice, partners=partners, derivatives=False)
    return {int(match.name): match for match in found}


def _is_same_phase(match: KnownMatch, now: Trusted, before: Trusted) -> bool:
    """A lattice that has gained or lost symmetry is another phase, however little it is strained."""
    return match.relation == "same lines" or now.bravais_lattice == before.bravais_lattice


def _jump(percent: float, drift: float, last: Trusted) -> list[str]:
    if last.drift_percent is None or abs(drift) <= max(100.0 * JUMP_VOLUME, JUMP_OVER_DRIFT * last.drift_percent):
        return []
    return [f"the volume jumped by {percent:+.2f} %"]


def _second_phase(now: Trusted, last: Trusted) -> list[str]:
    more = now.n_unindexed - last.n_unindexed
    share = now.n_unindexed / now.n_lines - last.n_unindexed / last.n_lines
    if abs(more) < SECOND_PHASE_LINES or abs(share) < SECOND_PHASE_SHARE or more * share < 0.0:
        return []
    come, rose = ("come", "rose") if more > 0 else ("gone", "fell")
    counts = f"{rose} from {last.n_unindexed} of {last.n_lines} to {now.n_unindexed} of {now.n_lines}"
    return [f"a second phase has {come}: lines that the cell leaves {counts}"]


def _other_lattice(now: Trusted, last: Trusted, *, alike: bool) -> str:
    """Return in words what became of the lattice; *alike*: the points are where they were, but for a small strain."""
    step = f"{last.bravais_lattice} → {now.bravais_lattice}"
    if alike:
        rise = holohedry_order(now.lattice) - holohedry_order(last.lattice)
        how = "the symmetry rose" if rise > 0 else "the symmetry fell" if rise < 0 else "another symmetry"
        return f"{step}: {how}, the lattice is hardly strained"
    grams = [primitive_gram(phase.cell, phase.lattice) for phase in (last, now)]
    relation = derivative_relation(grams[0], grams[1], *DERIVATIVE_TOLERANCE)
    if relation is not None and relation != "same lattice":
        return f"{step}: {relation}"
    percent = 100.0 * (now.volume / last.volume - 1.0)
    return f"{step}: another lattice, its primitive cell {percent:+.1f} % in volume"
