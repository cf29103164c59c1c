"""What the networks believe of many lists: shifts, Bravais lattices, and what guides the trials under each of these."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from hybrid_index.config import Settings
from hybrid_index.neural import network as net
from hybrid_index.neural.batched.lists import Lines
from hybrid_index.neural.batched.random_numbers import key_of
from hybrid_index.neural.batched.trials import Guide
from hybrid_index.neural.belief import KEPT, likeliest
from hybrid_index.neural.features import Features, features_of
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES
from hybrid_index.neural.proposer import LEAST_SHARE, TRIALS_BY_PARAMETERS, first_orders, readiness
from hybrid_index.neural.shift_reader import Spectra, shift_scores, spectra_of
from hybrid_index.neural.shifts import belief_of, supposed
from hybrid_index.neural.torch_operations import TorchOperations
from hybrid_index.neural.weights import Arrays, Network, ShiftReader
from hybrid_index.refine.assign import SUBSPACES
from hybrid_index.refine.lattices import LATTICE_POINTS
from hybrid_index.types import IntArray, PeakList
from hybrid_index.units import FloatArray

_OPERATIONS = TorchOperations()


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """What the network says of n pairs of a list and a Bravais lattice that it may be of.

    ``list``, ``code`` (n,) which; ``share`` (n,) of the list's trials; ``shift_deg`` (n,) what is left of it in the
    middle of the lines; on the device, as in :class:`~hybrid_index.neural.network.Given`, ``tokens`` (n, lines, width),
    ``readings`` (n, R) and ``foreign`` (n, lines).
    """

    list: IntArray
    code: IntArray
    share: FloatArray
    shift_deg: FloatArray
    tokens: Tensor
    readings: Tensor
    foreign: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class BatchNetwork:
    """A network with its weights on a device."""

    network: Network
    weights: dict[str, Tensor]
    device: torch.device

    @classmethod
    def on(cls, device: torch.device, network: Network) -> BatchNetwork:
        """Bring a network there."""
        return cls(network, _tensors(network.weights, device), device)

    def pairs(self, lists: Sequence[PeakList], codes: IntArray, *, most: int, enough: float) -> Pairs:
        """Ask about lists, under the likeliest of these lattices: *most*, or those that are so probable together."""
        w, size = self.weights, self.network.architecture
        x = features_of(*lists)
        encoded = net.encode(_OPERATIONS, w, size, Features(*_moved(x, self.device)))
        probability = torch.softmax(encoded.lattice.double(), dim=1).cpu().numpy()
        of_list, asked, shares = [], [], []
        for i, row in enumerate(probability):
            likely = likeliest(row, codes, most=most, enough=enough)
            share = np.maximum(row[likely], LEAST_SHARE)
            of_list += [i] * len(likely)
            asked += likely
            shares += (share / share.sum()).tolist()
        which = torch.tensor(of_list, dtype=torch.int64, device=self.device)
        under = torch.tensor(asked, dtype=torch.int64, device=self.device)
        of_pairs = net.Encoded(encoded.tokens[which], tuple(b[which] for b in encoded.bias), encoded.lattice[which])
        said = net.given(_OPERATIONS, w, size, of_pairs, under)
        shift = 0.1 * said.shift[:, 0].double().cpu().numpy()
        return Pairs(
            np.array(of_list), np.array(asked), np.array(shares), shift, said.tokens, said.readings, said.foreign
        )

    def guides(self, pairs: Pairs, lines: Lines, settings: Settings, n_trials: int) -> Iterator[Guide]:
        """What guides the trials of pairs, with their *lines* (n, L), family by family; trials of a list as told."""
        for family in np.unique(FAMILY_OF_CODE[pairs.code]):
            yield self._guide(int(family), pairs, lines, settings, n_trials)

    def _guide(self, family: int, pairs: Pairs, lines: Lines, settings: Settings, n_trials: int) -> Guide:
        mine = np.flatnonzero(FAMILY_OF_CODE[pairs.code] == family)
        rows = self.network.vocabulary.rows[family].astype(np.float64)
        code, k = pairs.code[mine], rows.shape[1]
        which = torch.from_numpy(mine).to(self.device)
        probability = torch.softmax(pairs.readings[which].double(), dim=1)
        order = probability.argsort(dim=1, descending=True, stable=True)
        falling = probability.gather(1, order)
        kept = torch.zeros_like(order, dtype=torch.bool)
        kept.scatter_(1, order, falling.cumsum(1) - falling < KEPT)
        probability = probability * kept
        running = (probability / probability.sum(1, keepdim=True)).cumsum(1)
        number = kept.flatten().long().cumsum(0).view_as(order) - 1  # of each reading that is kept, among all
        label_running, surest = self._labels(family, pairs.tokens[which, :LABELLED_LINES], kept, number)
        owner = kept.nonzero()[:, 0]
        foreign = torch.sigmoid(pairs.foreign[which, :LABELLED_LINES].double())
        labelled = torch.arange(LABELLED_LINES, device=self.device) < lines.count[which, None]
        ready = readiness(foreign[owner], surest) * labelled[owner]
        tried = np.round(np.round(n_trials * pairs.share[mine]) * TRIALS_BY_PARAMETERS[k]).astype(np.int64)
        stream = key_of(torch.tensor(settings.seed, device=self.device), torch.from_numpy(code).to(self.device))
        return Guide(
            pair=which,
            code=torch.from_numpy(code).to(self.device),
            stream=stream,
            n_trials=torch.from_numpy(tried).to(self.device),
            least_determinant=torch.from_numpy(
                (settings.max_volume_angstrom3 * LATTICE_POINTS[code].astype(np.float64)) ** -2.0
            ).to(self.device),
            rows=torch.from_numpy(rows).to(self.device),
            subspace=torch.from_numpy(SUBSPACES[code[0], :, :k].copy()).to(self.device),
            axes=torch.from_numpy(first_orders(rows)).to(self.device),
            reading_running=running,
            reading=number,
            line_running=ready.cumsum(1),
            label_running=label_running,
        )

    def _labels(self, family: int, tokens: Tensor, kept: Tensor, number: Tensor) -> tuple[Tensor, Tensor]:
        """Running sums (r, lines, K) of the labels' probabilities in all readings kept, and the largest (r, lines)."""
        n, lines = int(kept.sum()), tokens.shape[1]
        # single precision: these tables are the largest thing that a batch holds
        running = torch.empty(n, lines, self.network.architecture.labels[family], device=self.device)
        surest = torch.empty(n, lines, dtype=torch.float64, device=self.device)
        for reading in range(kept.shape[1]):
            which = kept[:, reading].nonzero()[:, 0]
            here = slice(reading, reading + 1)
            scores = net.label_scores(_OPERATIONS, self.weights, tokens[which], family, here)[:, 0]  # (m, lines, K)
            probability = torch.softmax(scores, dim=2)
            running[number[which, reading]] = probability.cumsum(2)
            surest[number[which, reading]] = probability.amax(2).double()
        return running, surest


def likeliest_shifts(
    reader: ShiftReader, lists: Sequence[PeakList], settings: Settings, device: torch.device
) -> list[float]:
    """The likeliest shift of each list, degrees: the first of :func:`hybrid_index.neural.shifts.read_shifts`."""
    count = np.array([len(peaks) for peaks in lists])
    two_theta, sigma = np.zeros((2, len(lists), count.max()))
    for i, peaks in enumerate(lists):
        two_theta[i, : count[i]], sigma[i, : count[i]] = peaks.two_theta_deg, peaks.two_theta_esd_deg
    x = spectra_of(two_theta, sigma, np.array([peaks.wavelength_angstrom for peaks in lists]), count)
    weights = _tensors(reader.weights, device)
    scores = shift_scores(_OPERATIONS, weights, reader.architecture, Spectra(*_moved(x, device))).cpu().numpy()
    return [
        float(supposed(belief_of(row, peaks.wavelength_angstrom, settings)).shift_deg[0])
        for row, peaks in zip(scores, lists, strict=True)
    ]


def _tensors(arrays: Arrays, device: torch.device) -> dict[str, Tensor]:
    return {name: torch.from_numpy(values).to(device) for name, values in arrays.items()}


def _moved(x: Features | Spectra, device: torch.device) -> Iterator[Tensor]:
    return (torch.from_numpy(getattr(x, name)).to(device) for name in type(x).__slots__)
