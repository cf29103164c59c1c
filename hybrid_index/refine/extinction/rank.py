"""Extinction symbols of a lattice in the order of their probabilities, and the lines that say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.refine.extinction.evidence import Evidence
from hybrid_index.refine.extinction.observed import observe
from hybrid_index.refine.extinction.table import ExtinctionSymbol, extinction_symbols
from hybrid_index.refine.lebail import LeBailFit

TRUST = 0.5
"""A nat of likelihood counts for so many: errors of line shapes and of statistics go together over lines."""
SEEN = 4.0
"""Intensity over its uncertainty from which a line is seen."""
CLEARLY_LESS = 0.2
"""A line is clearly absent if it is less than this share of what would be usual."""
MOST_VIOLATIONS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """A line that is seen although a symbol calls it absent.

    Parameters
    ----------
    hkl
        Indices of one reflection of the line.
    two_theta_deg
        Where it is observed, degrees.
    intensity
        Its area, intensity · degrees, overlap with others considered.
    significance
        Its intensity over its standard uncertainty.
    """

    hkl: tuple[int, int, int]
    two_theta_deg: float
    intensity: float
    significance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedExtinction:
    """An extinction symbol and what the pattern says of it.

    Parameters
    ----------
    symbol
        The symbol, with its space groups.
    probability
        Among all symbols of the lattice; they sum to 1.
    log_likelihood
        Natural logarithm, 0 for the best.
    n_absent
        Lines in the pattern that the symbol calls absent.
    n_clearly_absent
        Those of them that would be seen if they had a usual intensity, and are not: they speak for it.
    violations
        The most significant of those that are seen: they speak against it. Largest first.
    n_violations
        How many there are in all.
    """

    symbol: ExtinctionSymbol
    probability: float
    log_likelihood: float
    n_absent: int
    n_clearly_absent: int
    violations: tuple[Violation, ...]
    n_violations: int


def rank_extinction_symbols(fit: LeBailFit) -> list[RankedExtinction]:
    """Rank all extinction symbols of a fit's Bravais lattice by their probabilities.

    Parameters
    ----------
    fit
        A fit with the lattice's own absences only, in either way of treating intensities.

    Returns
    -------
    list of RankedExtinction
        The most probable first. Where the pattern says little, probabilities stay near those of known structures.

    References
    ----------
    Markvardsen, David, Johnson & Shankland, Acta Cryst. A57 (2001) 47, doi:10.1107/S0108767300012174; Markvardsen et
    al., J. Appl. Cryst. 41 (2008) 1177, doi:10.1107/S0021889808031087.

    Examples
    --------
    >>> ranked = rank_extinction_symbols(fit)  # doctest: +SKIP
    >>> ranked[0].symbol.symbol, [group.symbol for group in ranked[0].symbol.space_groups]  # doctest: +SKIP
    ('P n - a', ['P n m a', 'P n 21 a'])
    """
    symbols = extinction_symbols(fit.bravais_lattice)
    observed = observe(fit)
    evidence = Evidence(observed, symbols)
    logs = evidence.log_likelihoods()
    posterior = TRUST * logs + np.log([symbol.weight for symbol in symbols])
    probability = np.exp(posterior - np.logaddexp.reduce(posterior))
    error = np.sqrt(evidence.variance)
    significance = evidence.mean / error
    clearly = evidence.mean + 2.0 * error < CLEARLY_LESS * evidence.expected
    ranked = []
    for i in np.argsort(-posterior):
        absent = evidence.absent[i]
        against = np.flatnonzero(absent & (significance > SEEN))
        against = against[np.argsort(-significance[against])]
        ranked.append(
            RankedExtinction(
                symbol=symbols[i],
                probability=float(probability[i]),
                log_likelihood=float(logs[i] - logs.max()),
                n_absent=int(absent.sum()),
                n_clearly_absent=int((absent & clearly).sum()),
                violations=tuple(
                    Violation(
                        hkl=_indices(fit, int(observed.row[j])),
                        two_theta_deg=float(observed.two_theta_deg[j]),
                        intensity=float(evidence.mean[j]),
                        significance=float(significance[j]),
                    )
                    for j in against[:MOST_VIOLATIONS]
                ),
                n_violations=against.size,
            )
        )
    return ranked


def _indices(fit: LeBailFit, row: int) -> tuple[int, int, int]:
    h, k, l = fit.reflections.hkl[row].tolist()
    return h, k, l
