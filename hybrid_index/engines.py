"""The engines of a search: which ones do which kind of work, and how much of it."""

from __future__ import annotations

from typing import Literal

from hybrid_index.classical.dominant import DominantZones
from hybrid_index.classical.sources import BaseLineTrials, MonoclinicZones, OrthorhombicZones, TriclinicZones
from hybrid_index.config import Settings
from hybrid_index.neural.proposer import NeuralProposer
from hybrid_index.third_party import find_sources
from hybrid_index.types import CandidateSource

Work = Literal[
    "look",
    "likelier half",
    "other half",
    "both halves",
    "at length",
    "elsewhere",
    "more planes",
    "deeper",
    "exhaustively",
]
"""What is done under a supposed shift: the network's first look; the quick engines of high or of low symmetry, as the
lines look, the others, or all of them; the network at length; engines of other packages; zone engines with more planes,
and with many; what supposes nothing and takes its time.
"""


def engines_for(work: Work, settings: Settings, *, low: bool) -> tuple[str, tuple[CandidateSource, ...]]:
    """The engines for a kind of work, and what it is called; *low*: a half is that of low symmetry."""
    match work:
        case "look":
            return "neural", _look()
        case "at length":
            return "neural at length", _at_length()
        case "both halves":
            return "all symmetries", _quick_high() + _quick_low()
        case "elsewhere":
            return "engines of other packages", find_sources(settings)
        case "more planes":
            return work, _thorough()
        case "deeper":
            return work, _deep()
        case "exhaustively":
            return "exhaustively, and at random", _last_resorts()
        case "likelier half" | "other half":
            return ("low symmetry", _quick_low()) if low else ("high symmetry", _quick_high())


def _at_length() -> tuple[CandidateSource, ...]:
    """As much as finds nearly all that the network can find."""
    return (NeuralProposer(),)


def _look() -> tuple[CandidateSource, ...]:
    """An eighth of that: it takes a quarter of the time of the quick classical searches."""
    return (NeuralProposer(name="neural-quick", n_trials=8000, capacity=30, most=8, n_lattices=4, enough=0.8),)


def _quick_high() -> tuple[CandidateSource, ...]:
    return (
        BaseLineTrials(capacity=150),
        OrthorhombicZones(name="zones-orthorhombic-quick", n_planes=40, capacity=150, most=30),
        DominantZones(),
    )


def _quick_low() -> tuple[CandidateSource, ...]:
    """Few planes, but the right one is mostly among them, for they come in the order of their odds."""
    return (
        MonoclinicZones(name="zones-monoclinic-quick", n_planes=40, n_rectangles=25, capacity=150, most=30),
        TriclinicZones(name="zones-triclinic-quick", n_planes=60, n_base=12, capacity=200, most=40),
    )


def _thorough() -> tuple[CandidateSource, ...]:
    return OrthorhombicZones(), MonoclinicZones(), TriclinicZones()


def _deep() -> tuple[CandidateSource, ...]:
    """The zone engines with several times as many planes."""
    return (
        OrthorhombicZones(name="zones-orthorhombic-deep", n_planes=2500, capacity=5000),
        MonoclinicZones(name="zones-monoclinic-deep", n_planes=3000, n_rectangles=2000, capacity=8000),
        TriclinicZones(name="zones-triclinic-deep", n_planes=3000, n_base=16, capacity=8000),
    )


def _last_resorts() -> tuple[CandidateSource, ...]:
    """Dichotomy and random starts; their kernels are loaded only by searches that come to this."""
    from hybrid_index.classical.dichotomy import Dichotomy
    from hybrid_index.classical.random_starts import RandomStarts

    return Dichotomy(), RandomStarts()
