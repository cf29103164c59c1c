"""Whether stated probabilities can be believed: shares of right answers by band, the Brier score, and a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.accuracy.score import Outcome
from hybrid_index.errors import OutputError

EDGES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)
"""Bands of probability, each with its lower edge; the last with both."""
COLOUR, PERFECT = "#1f6fb4", "#9aa0a6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """First answers of a band of probability: how many, what they claimed on average, and the share that was right."""

    low: float
    high: float
    n: int
    claimed: float
    right: float

    @property
    def error(self) -> float:
        """Standard error of the share that was right, by Agresti & Coull (1998), doi:10.1080/00031305.1998.10480550.

        Two right and two wrong answers are added, so that a few cases without exception do not count as certainty.
        """
        n = self.n + 4
        share = (self.right * self.n + 2) / n
        return float((share * (1.0 - share) / n) ** 0.5)


def brier_score(outcomes: Sequence[Outcome]) -> float:
    """Mean squared difference of claim and truth; no answer claims nothing, and is right in that."""
    return sum((o.probability - (o.rank == 1)) ** 2 for o in outcomes) / len(outcomes)


def bands(outcomes: Sequence[Outcome]) -> list[Band]:
    """Sort first answers by what they claimed; bands without any are left out, and so are cases without answer."""
    answered = [o for o in outcomes if o.first]
    return banded([o.probability for o in answered], [o.rank == 1 for o in answered])


def banded(claims: Sequence[float], right: Sequence[bool]) -> list[Band]:
    """Sort claims by their probability, each with whether it was right; bands without any are left out."""
    pairs = list(zip(claims, right, strict=True))
    found = []
    for low, high in pairwise(EDGES):
        inside = [(p, ok) for p, ok in pairs if low <= p < high or p == high == EDGES[-1]]
        if inside:
            n = len(inside)
            claimed, share = (sum(column) / n for column in zip(*inside, strict=True))
            found.append(Band(low=low, high=high, n=n, claimed=claimed, right=share))
    return found


def reliability(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Bands and Brier score, ready for JSON."""
    return {"brier": brier_score(outcomes), "bands": [asdict(band) for band in bands(outcomes)]}


def draw_reliability(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw the reliability diagram into an image file: share right against mean claim, and how many claimed it."""
    from matplotlib.figure import Figure  # takes longer to load than many a case to run

    found = bands(outcomes)
    figure = Figure(figsize=(5.2, 6.4), dpi=140, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3.0, 1.0))
    upper.plot([0, 1], [0, 1], color=PERFECT, linewidth=1.0, linestyle="--", label="perfectly calibrated")
    upper.errorbar(
        [b.claimed for b in found],
        [b.right for b in found],
        yerr=[b.error for b in found],
        color=COLOUR,
        marker="o",
        capsize=2.0,
        label="first answers",
    )
    upper.set_ylabel("share right")
    upper.set_ylim(-0.03, 1.03)
    upper.legend(frameon=False, loc="upper left")
    upper.set_title(f"{len(outcomes)} cases, Brier score {brier_score(outcomes):.3f}", loc="left", fontsize=10)
    lower.bar(
        [b.low for b in found],
        [b.n for b in found],
        width=[b.high - b.low for b in found],
        align="edge",
        color=COLOUR,
        edgecolor="white",
    )
    lower.set_xlabel("probability claimed")
    lower.set_ylabel("answers")
    lower.set_xlim(-0.02, 1.02)
    try:
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise OutputError(f"{path}: cannot be drawn ({error})") from error
