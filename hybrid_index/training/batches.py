"""Line lists as the network meets them in training: drawn without end, each by its number."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hybrid_index.lattice.reciprocal import determinant
from hybrid_index.neural.features import LINES, Features, features
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES, Vocabulary
from hybrid_index.simulate.crystals import Crystals
from hybrid_index.simulate.line_list_settings import LineListSettings
from hybrid_index.simulate.line_lists import LineLists, draw_line_lists
from hybrid_index.training.config import Recipe
from hybrid_index.training.ranks import ALONE, Ranks
from hybrid_index.types import IntArray
from hybrid_index.units import FloatArray, displacement_slope, q_from_two_theta

EASY = LineListSettings(zero_limit_deg=0.08, displacement_limit_mm=0.1, n_foreign=(0, 2), n_missing=(0, 3))
HARD = LineListSettings(zero_limit_deg=0.5, displacement_limit_mm=0.2, n_foreign=(0, 4), n_missing=(0, 4))
"""The shifts and faults of most laboratory patterns, and of difficult ones; all else is as wide as can be."""
XRAYS = tuple(source for source in EASY.sources if source.probe == "xray")
"""Known crystals are seen with x-rays only."""
VALIDATION_SEED = 2**40
"""Far from any seed of a recipe."""
_NEAR_SHARE, _NEAR_DEG, _FAR_DEG = 0.75, 0.015, 0.06
"""What is left of a shift that was read: mostly a normal error, else anything up to the next supposed shift."""
_VOCABULARY_LISTS = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Features of lists, and what the network should say of them.

    ``codes`` (n,) Bravais lattices; ``families`` (n,); ``labels`` (n, LABELLED_LINES), −1 where there is none;
    ``foreign`` (n, LINES) float32; ``shift`` (n,) tenths of a degree; ``volume`` (n,), see :class:`network.Given`.
    """

    x: Features
    codes: IntArray
    families: IntArray
    labels: IntArray
    foreign: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]
    volume: npt.NDArray[np.float32]

    def part(self, rows: slice) -> Batch:
        """Return some of the lists."""
        x = Features(*(getattr(self.x, name)[rows] for name in Features.__slots__))
        return Batch(x, *(getattr(self, name)[rows] for name in Batch.__slots__[1:]))


@functools.cache
def common_labels(sizes: tuple[int, ...], seed: int) -> Vocabulary:
    """The labels that occur most often among the lines of random lists."""
    lists = draw_line_lists(_VOCABULARY_LISTS, seed=seed, settings=EASY)
    counted = (lists.listed & ~lists.foreign)[:, :LABELLED_LINES]
    return Vocabulary.commonest(lists.hkl[:, :LABELLED_LINES].astype(np.int64), lists.lattice, counted, sizes)


def batch(recipe: Recipe, vocabulary: Vocabulary, step: int, ranks: Ranks = ALONE) -> Batch:
    """One process's part of the batch of a step: all parts together are always the same lists."""
    parts = []
    for offset, (n, settings, crystals) in enumerate(kinds_of_lists(recipe)):
        rows = ranks.rows(n)
        if rows.start == rows.stop:
            continue
        lists = draw_line_lists(
            rows.stop - rows.start,
            seed=recipe.seed + offset,
            start=step * n + rows.start,
            settings=settings,
            crystals=crystals,
        )
        left = None if step < recipe.wide_steps else left_over(n, seed=recipe.seed, step=step)[rows]
        parts.append(to_batch(lists, vocabulary, None if left is None else left - middle_shift(lists)))
    return join(parts)


@functools.cache
def kinds_of_lists(recipe: Recipe) -> list[tuple[int, LineListSettings, Crystals | None]]:
    """Kinds of lists in a batch: how many, how difficult, and of which crystals if not of random ones."""
    known = round(recipe.crystal_share * recipe.batch)
    crystals = Crystals.load(recipe.crystals) if known else None
    kinds: list[tuple[int, LineListSettings, Crystals | None]] = []
    for n, of, sources in ((recipe.batch - known, None, EASY.sources), (known, crystals, XRAYS)):
        easy = round(recipe.easy_share * n)
        kinds += [(easy, replace(EASY, sources=sources), of), (n - easy, replace(HARD, sources=sources), of)]
    return kinds


def left_over(n: int, *, seed: int, step: int = 0) -> FloatArray:
    """Draw what is left (n,) of shifts after the shift reader was asked, in degrees."""
    rng = np.random.default_rng((seed, step, n))
    near, far = rng.normal(0.0, _NEAR_DEG, n), rng.uniform(-_FAR_DEG, _FAR_DEG, n)
    return np.where(rng.random(n) < _NEAR_SHARE, near, far)


def to_batch(lists: LineLists, vocabulary: Vocabulary, move_deg: FloatArray | None = None) -> Batch:
    """Features and targets of line lists; all positions moved by as much as *move_deg* (n,) says."""
    hkl = lists.hkl[:, :LABELLED_LINES].astype(np.int64)
    own = (lists.listed & ~lists.foreign)[:, :LABELLED_LINES]
    labels = np.where(own, vocabulary.encode(hkl, lists.lattice), -1)
    count = np.minimum(lists.count, LINES)
    move = np.zeros(len(lists)) if move_deg is None else move_deg
    two_theta = lists.two_theta_deg + move[:, None]
    last = q_from_two_theta(two_theta[np.arange(len(lists)), count - 1], 1.0) / lists.wavelength_angstrom**2
    return Batch(
        x=features(two_theta, lists.intensity, lists.sigma_deg, lists.wavelength_angstrom, lists.count),
        codes=lists.lattice,
        families=FAMILY_OF_CODE[lists.lattice],
        labels=labels,
        foreign=lists.foreign[:, :LINES].astype(np.float32),
        shift=(10.0 * (middle_shift(lists) + move)).astype(np.float32),
        volume=np.log(_volume(lists) * last**1.5).astype(np.float32),
    )


def join(parts: list[Batch]) -> Batch:
    """Put batches together."""
    return Batch(
        Features(*(np.concatenate([getattr(p.x, name) for p in parts]) for name in Features.__slots__)),
        *(np.concatenate([getattr(p, name) for p in parts]) for name in Batch.__slots__[1:]),
    )


def middle_shift(lists: LineLists) -> FloatArray:
    """How far (n,) the line in the middle of those that the network sees is from where it belongs, in degrees."""
    two_theta_deg = lists.two_theta_deg[np.arange(len(lists)), np.minimum(lists.count, LINES) // 2]
    slope = displacement_slope(two_theta_deg, radius_mm=1.0) / lists.radius_mm
    return np.asarray(lists.zero_shift_deg + lists.displacement_mm * slope)


def _volume(lists: LineLists) -> FloatArray:
    """Volume (Å³) of the primitive cell of each list."""
    points = np.array([lists.bravais_lattice(i).lattice_points for i in range(len(lists))])
    return np.asarray(1.0 / (np.sqrt(determinant(*lists.metric.T)) * points))
