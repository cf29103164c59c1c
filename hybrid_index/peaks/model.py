"""All peaks of a pattern and their sum, fitted group by group."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hybrid_index.peaks.fit import Doublet, GroupFit, Shape, fit_group
from hybrid_index.peaks.grid import WorkingPattern
from hybrid_index.units import FloatArray

_GROUP_GAP_FWHM = 3.0
"""Peaks further apart than this are fitted apart, each with the other's tail subtracted."""
_MAX_GROUP = 8
_WINDOW_FWHM = 3.5
_REACH_FWHM = 25.0
"""Lorentzian tails are followed so far."""
_MIN_WINDOW_POINTS = 7
_LEASH_FWHM = 1.0
"""A peak that leaves its place further than this is not the one that was found."""
_RATIO_ERROR = 0.05
"""No single group tells the Kα2 ratio better than this, for its shape is not known better."""
SHAPE_ERROR = 0.02
"""Real lines differ from pseudo-Voigts by about this fraction of the intensity."""


@dataclass(frozen=True, slots=True)
class FittedPeak:
    """One peak of a group fit."""

    group: GroupFit
    index: int
    tail: FloatArray
    first: int

    @property
    def position_deg(self) -> float:
        """2θ of Kα1, degrees."""
        return float(self.group.position_deg[self.index])

    @property
    def height(self) -> float:
        """Height of the Kα1 line."""
        return float(self.group.height[self.index])

    @property
    def area(self) -> float:
        """Area of the Kα1 line, intensity · degrees."""
        return float(self.group.area[self.index])

    @property
    def significance(self) -> float:
        """Height over its standard uncertainty, which grows with the misfit of the group."""
        return self.height / (float(self.group.height_esd[self.index]) * math.sqrt(max(1.0, self.group.misfit)))


class PeakModel:
    """Peaks fitted to the *net* intensity (background subtracted) of a working pattern.

    ``total`` (n,) is their sum; ``uncertainty`` (n,) noise, and what no line shape can explain.
    """

    def __init__(self, work: WorkingPattern, net: FloatArray, shape: Shape, doublet: Doublet) -> None:
        self.work = work
        self.net = net
        self.shape = shape
        self.doublet = doublet
        self.peaks: list[FittedPeak] = []
        self.total = np.zeros_like(net)
        self.uncertainty = np.hypot(work.sigma, SHAPE_ERROR * np.maximum(net, 0.0))

    def residual(self) -> FloatArray:
        """Return what the peaks leave of the net intensity, shape (n,)."""
        return self.net - self.total

    def copy(self, *, shape: Shape | None = None, doublet: Doublet | None = None) -> PeakModel:
        """Return a model of the same peaks that can be refitted on its own."""
        twin = PeakModel(self.work, self.net, shape or self.shape, doublet or self.doublet)
        twin.peaks, twin.total = list(self.peaks), self.total.copy()
        return twin

    def refit(self, *, polish: bool = False) -> None:
        """Fit all peaks again, group by group; with *polish* until nothing changes any more."""
        self._fit_groups(np.empty(0), np.empty(0), keep=False, polish=polish)

    def add(self, position_deg: FloatArray, height: FloatArray) -> None:
        """Fit new peaks, and the known ones of their groups; peaks whose fit fails are lost."""
        self._fit_groups(position_deg, height, keep=True)

    def _fit_groups(
        self, new_position_deg: FloatArray, new_height: FloatArray, *, keep: bool, polish: bool = False
    ) -> None:
        position = np.array([p.position_deg for p in self.peaks])
        height = np.array([p.height for p in self.peaks])
        position, height = np.append(position, new_position_deg), np.append(height, new_height)
        known: list[FittedPeak | None] = [*self.peaks, *[None] * new_position_deg.size]
        order = np.argsort(position)
        self.peaks = []
        for group in self._groups(position[order]):
            members = order[group]
            settled = [p for p in (known[i] for i in members) if p is not None]
            if keep and len(settled) == members.size and _are_one_group(settled):
                self.peaks += settled
                continue
            for old in (known[i] for i in members):
                if old is not None:
                    self.total[old.first : old.first + old.tail.size] -= old.tail
            self._fit_one(position[members], height[members], polish)

    def drop(self, doomed: set[int]) -> None:
        """Remove peaks by their place in ``peaks`` and fit the others again."""
        for i in doomed:
            old = self.peaks[i]
            self.total[old.first : old.first + old.tail.size] -= old.tail
        self.peaks = [p for i, p in enumerate(self.peaks) if i not in doomed]
        self._fit_groups(np.empty(0), np.empty(0), keep=True)

    def others_at(self, peak: FittedPeak) -> float:
        """Return what the other peaks contribute at the top of this one."""
        at = int(np.searchsorted(self.work.two_theta_deg, peak.position_deg))
        at = min(max(at, peak.first), peak.first + peak.tail.size - 1)
        return float(self.total[at] - peak.tail[at - peak.first])

    def ka2_ratio(self) -> tuple[float, float]:
        """Intensity of Kα2 over Kα1 that all groups together ask for, and its standard uncertainty."""
        groups = {id(p.group): p.group for p in self.peaks}.values()
        esd = np.array([g.ka2_ratio_esd * max(1.0, g.misfit) ** 0.5 + _RATIO_ERROR for g in groups])
        weight = np.append(1.0 / esd**2, 1.0e-12)
        ratio = np.clip([*(g.ka2_ratio for g in groups), self.doublet.intensity_ratio], -1.0, 2.0)
        return float(np.average(ratio, weights=weight)), float(1.0 / math.sqrt(weight.sum()))

    def _groups(self, position_deg: FloatArray) -> list[slice]:
        """Split sorted positions at the gaps, and long runs at their widest gaps."""
        gap = np.diff(position_deg) / self.shape.width.at(position_deg[1:])
        pending = [slice(0, position_deg.size)] if position_deg.size else []
        done = []
        while pending:
            part = pending.pop()
            inner = gap[part.start : part.stop - 1]
            if inner.size and (inner.max() > _GROUP_GAP_FWHM or inner.size >= _MAX_GROUP):
                cut = part.start + int(np.argmax(inner)) + 1
                pending += [slice(cut, part.stop), slice(part.start, cut)]
            else:
                done.append(part)
        return done

    def _fit_one(self, position_deg: FloatArray, height: FloatArray, polish: bool) -> None:
        x = self.work.two_theta_deg
        width = self.shape.width.at(position_deg)
        first = int(np.searchsorted(x, position_deg[0] - _WINDOW_FWHM * width[0]))
        end = position_deg[-1] + _WINDOW_FWHM * width[-1]
        if self.doublet.intensity_ratio > 0.0:
            end += self.doublet.separation_deg(float(position_deg[-1]))
        last = int(np.searchsorted(x, end))
        if last - first < max(_MIN_WINDOW_POINTS, 2 * position_deg.size + 3):
            return
        fit = fit_group(
            x[first:last], (self.net - self.total)[first:last], self.uncertainty[first:last],
            position_deg, height, self.shape, self.doublet, polish=polish,
        )  # fmt: skip
        if fit is None:
            stays = np.arange(position_deg.size) != np.argmin(height)
        else:
            stays = np.abs(fit.position_deg - position_deg) < _LEASH_FWHM * width
            stays &= (fit.position_deg > x[0]) & (fit.position_deg < x[-1]) & (fit.fwhm_deg > self.work.step_deg)
        if fit is None or not np.all(stays):
            if np.any(stays):
                self._fit_one(position_deg[stays], height[stays], polish)
            return
        for i in range(position_deg.size):
            reach = _REACH_FWHM * float(fit.fwhm_deg[i])
            start, stop = (
                int(k) for k in np.searchsorted(x, [fit.position_deg[i] - reach, fit.position_deg[i] + reach])
            )
            tail = fit.profile(x[start:stop], i)
            self.peaks.append(FittedPeak(fit, i, tail, start))
            self.total[start:stop] += tail


def _are_one_group(peaks: list[FittedPeak]) -> bool:
    group = peaks[0].group
    return len(peaks) == group.height.size and all(p.group is group for p in peaks)
