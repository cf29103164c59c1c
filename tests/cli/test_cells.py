from __future__ import annotations

import pytest

from hybrid_index.cli.cells import parse_cell
from hybrid_index.errors import InputError
from hybrid_index.lattice import BravaisLattice


@pytest.mark.parametrize(
    ("text", "lattice", "parameters"),
    [
        ("5.43", None, (5.43, 5.43, 5.43, 90, 90, 90)),
        ("5.43", "cF", (5.43, 5.43, 5.43, 90, 90, 90)),
        ("3.78, 9.51", "tI", (3.78, 3.78, 9.51, 90, 90, 90)),
        ("4.759;12.991", "hR", (4.759, 4.759, 12.991, 90, 90, 120)),
        ("8.48 5.40 6.96", None, (8.48, 5.40, 6.96, 90, 90, 90)),
        ("5.67,15.2,6.5,118.4", None, (5.67, 15.2, 6.5, 90, 118.4, 90)),
        ("7.1,7.8,5.6,89.9,101.5,106", "aP", (7.1, 7.8, 5.6, 89.9, 101.5, 106)),
    ],
)
def test_forms(text: str, lattice: str | None, parameters: tuple[float, ...]) -> None:
    assert parse_cell(text, BravaisLattice(lattice) if lattice else None).parameters == parameters


@pytest.mark.parametrize(
    ("text", "lattice", "words"),
    [
        ("3.78,9.51", None, "add --bravais"),
        ("a,b,c", None, "not a number"),
        ("", None, "0 numbers"),
        ("1,2,3,4,5", None, "all six"),
        ("5,5,5,90,90,-90", None, "six positive numbers"),
        ("5,5,5,10,90,170", None, "volume would vanish"),
        ("5,5,6,90,90,90", "cF", "shape of a cF cell"),
        ("5,5,6,90,91,90", "oP", "shape of a oP cell"),
        ("5.43", "mP", "all six"),
    ],
)
def test_refusals(text: str, lattice: str | None, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        parse_cell(text, BravaisLattice(lattice) if lattice else None)
    assert caught.value.source == "--cell"
