"""Structures that several tests use."""

from __future__ import annotations

import pytest

from hybrid_index.lattice import Cell
from hybrid_index.simulate import Site, Structure


@pytest.fixture(scope="session")
def anglesite() -> Structure:
    """PbSO4, Jacobsen et al., Canadian Mineralogist 36 (1998) 1053."""
    return Structure.from_sites(
        Cell(a=6.9549, b=8.472, c=5.3973),
        "P b n m",
        [
            Site(element="Pb", xyz=(0.16716, 0.18798, 0.25)),
            Site(element="S", xyz=(0.1849, 0.4358, 0.75)),
            Site(element="O", xyz=(0.0946, 0.5915, 0.75)),
            Site(element="O", xyz=(0.0424, 0.3072, 0.75)),
            Site(element="O", xyz=(0.3090, 0.4189, 0.9726)),
        ],
    )


@pytest.fixture(scope="session")
def rock_salt() -> Structure:
    return Structure.from_sites(
        Cell(a=5.6402, b=5.6402, c=5.6402),
        "F m -3 m",
        [Site(element="Na", xyz=(0.0, 0.0, 0.0)), Site(element="Cl", xyz=(0.5, 0.5, 0.5))],
    )
