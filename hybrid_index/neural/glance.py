"""What both networks say of a list of lines."""

from __future__ import annotations

import numpy as np

from hybrid_index.config import Settings
from hybrid_index.errors import InputError
from hybrid_index.lattice import BRAVAIS_LATTICES
from hybrid_index.neural.belief import believe
from hybrid_index.neural.shifts import shift_belief
from hybrid_index.neural.weights import Network, ShiftReader, packaged_network, packaged_reader
from hybrid_index.refine.lines import without_shift
from hybrid_index.types import Glance, LatticeGuess, PeakList


def look(
    peaks: PeakList, settings: Settings, *, network: Network | None = None, reader: ShiftReader | None = None
) -> Glance:
    """Ask the networks, those of the package if none are given, about a list of lines.

    The shift is read first and taken off, unless it is fixed. Of ``settings`` its limits and crystal systems count.

    Raises
    ------
    InputError
        If there are no weights.
    """
    network, reader = network or packaged_network(), reader or packaged_reader()
    if network is None or reader is None:
        raise InputError("the weights of the networks are not installed; install the package anew", source="neural")
    shift, esd = settings.fix_zero_shift_deg, 0.0
    if shift is None:
        read = shift_belief(reader, peaks, settings)
        shift, esd = read.best_deg, read.esd_deg
    moved = without_shift(peaks, shift)
    codes = np.array([b.code for b in BRAVAIS_LATTICES if b.crystal_system in settings.systems])
    belief = believe(network, moved)
    likely = [belief.under(code) for code in belief.likeliest(codes=codes, most=len(codes))]
    share = np.array([lattice.probability for lattice in likely])
    share /= share.sum()
    return Glance(
        peaks=moved.replace(two_theta_deg=moved.two_theta_deg + shift),
        shift_deg=shift,
        shift_esd_deg=esd,
        lattices=tuple(
            LatticeGuess(
                bravais_lattice=BRAVAIS_LATTICES[lattice.code],
                probability=float(probability),
                volume_angstrom3=lattice.volume_angstrom3 * BRAVAIS_LATTICES[lattice.code].lattice_points,
                volume_factor=lattice.volume_factor,
            )
            for lattice, probability in zip(likely, share, strict=True)
        ),
        foreign=share @ np.array([lattice.foreign for lattice in likely]),
    )
