"""What the network believes of one list of lines: lattices, labels, foreign lines, shift and volume."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hybrid_index.neural import network as net
from hybrid_index.neural.features import LINES, features_of
from hybrid_index.neural.labels import FAMILY_OF_CODE, LABELLED_LINES
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.weights import Network
from hybrid_index.types import IntArray, PeakList
from hybrid_index.units import FloatArray

_OPERATIONS = NumpyOperations()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LatticeBelief:
    """What holds if a list is of one Bravais lattice.

    Parameters
    ----------
    code, probability
        The Bravais lattice, and how probable it is.
    readings
        (R,): probabilities of the ways to read the list, which sum to 1.
    labels
        (R, n, K): in each reading, probabilities of the labels of the lattice's family for the first n lines; they sum
        to 1 over K.
    foreign
        (n,): probability that a line belongs to something else.
    shift_deg, shift_esd_deg
        Shift of 2θ in the middle of the lines, degrees.
    volume_angstrom3, volume_factor
        Volume of the primitive cell, and the factor that is one standard uncertainty.
    """

    code: int
    probability: float
    readings: FloatArray
    labels: FloatArray
    foreign: FloatArray
    shift_deg: float
    shift_esd_deg: float
    volume_angstrom3: float
    volume_factor: float

    def single_labels(self) -> FloatArray:
        """Probabilities (n, K) of the labels of single lines, whatever the reading."""
        return np.asarray(np.tensordot(self.readings, self.labels, axes=1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """``lattices`` (14,): probability of each Bravais lattice, by code; ``likely``: the likeliest, with details."""

    lattices: FloatArray
    likely: tuple[LatticeBelief, ...]


def believe(
    network: Network, peaks: PeakList, *, codes: IntArray | None = None, most: int = 4, enough: float = 1.0
) -> Belief:
    """Ask the network about a list.

    There are details for the likeliest lattices (of *codes*, if given): for *most* of them, or as many as have a share
    of *enough* of the probability.
    """
    w, size = network.weights, network.architecture
    encoded, probability = _encoded(network, peaks)
    asked = np.arange(probability.size) if codes is None else np.asarray(codes)
    asked = asked[np.argsort(-probability[asked], kind="stable")]
    before = np.cumsum(probability[asked]) - probability[asked]
    asked = asked[before < enough * probability[asked].sum()][:most]
    said = net.given(_OPERATIONS, w, size, _repeated(encoded, len(asked)), asked)
    n = min(len(peaks), LABELLED_LINES)
    last_q = float(peaks.q[min(len(peaks), LINES) - 1])
    likely = []
    for i, code in enumerate(asked):
        (scores,) = net.label_scores(_OPERATIONS, w, said.tokens[i : i + 1, :n], int(FAMILY_OF_CODE[code]))
        (shift, log_shift_esd), (volume, log_factor) = said.shift[i].tolist(), said.volume[i].tolist()
        likely.append(
            LatticeBelief(
                code=int(code),
                probability=float(probability[code]),
                readings=_softmax(said.readings[i].astype(np.float64)),
                labels=_softmax(scores.astype(np.float64)),
                foreign=1.0 / (1.0 + np.exp(-said.foreign[i, :n].astype(np.float64))),
                shift_deg=0.1 * shift,
                shift_esd_deg=0.1 * float(np.exp(log_shift_esd)),
                volume_angstrom3=float(np.exp(volume)) / last_q**1.5,
                volume_factor=float(np.exp(np.exp(log_factor))),
            )
        )
    return Belief(lattices=probability, likely=tuple(likely))


def lattice_probabilities(network: Network, peaks: PeakList) -> FloatArray:
    """How probable each Bravais lattice is, by code (14,): the first part of :func:`believe`."""
    return _encoded(network, peaks)[1]


def _encoded(network: Network, peaks: PeakList) -> tuple[net.Encoded, FloatArray]:
    encoded = net.encode(_OPERATIONS, network.weights, network.architecture, features_of(peaks))
    return encoded, _softmax(encoded.lattice[0].astype(np.float64))


def _repeated(x: net.Encoded, n: int) -> net.Encoded:
    """One list, to be asked about *n* lattices."""
    tokens, *bias, lattice = (np.repeat(array, n, axis=0) for array in (x.tokens, *x.bias, x.lattice))
    return net.Encoded(tokens, tuple(bias), lattice)


def _softmax(scores: FloatArray) -> FloatArray:
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=-1, keepdims=True))
