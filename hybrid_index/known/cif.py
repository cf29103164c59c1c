"""The cell, the centring and a name from a CIF (by gemmi)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hybrid_index.errors import FileFormatError, InputError
from hybrid_index.known.library import KnownPhase
from hybrid_index.lattice import Cell

if TYPE_CHECKING:
    import gemmi

_NAME_TAGS = ("_chemical_name_mineral", "_chemical_name_common", "_pd_phase_name")
_FORMULA_TAGS = ("_chemical_formula_structural", "_chemical_formula_sum")


def phases_of_cif(path: Path) -> list[KnownPhase]:
    """Return the phase of each data block that has a cell.

    The name is the mineral's or the common one, else that of the file; where that is a number (as in databases), the
    formula.

    Raises
    ------
    InputError
        If the file is no CIF, or no block of it has a cell and a space group.
    """
    import gemmi

    try:
        document = gemmi.cif.read(str(path))
    except (OSError, ValueError, RuntimeError) as error:
        raise FileFormatError(f"is not a readable CIF: {error}") from error
    blocks = [block for block in document if block.find_value("_cell_length_a")]
    phases = []
    for block in blocks:
        cell = Cell.from_parameters(gemmi.make_small_structure_from_block(block).cell.parameters)
        name = _name(block, path.stem if len(blocks) == 1 else block.name)
        phases.append(KnownPhase(name=name, cell=cell, centring=_centring(block), file=str(path)))
    if not phases:
        raise InputError("holds no unit cell; give a CIF with _cell_length_a and the rest")
    return phases


def _name(block: gemmi.cif.Block, fallback: str) -> str:
    tags = (*_NAME_TAGS, *(_FORMULA_TAGS if fallback.isdigit() else ()))
    for tag in tags:
        text = _text(block, tag)
        if text:
            return text
    return fallback


def _text(block: gemmi.cif.Block, tag: str) -> str:
    import gemmi

    value = block.find_value(tag)
    return "" if value is None or gemmi.cif.is_null(value) else " ".join(gemmi.cif.as_string(value).split())


def _centring(block: gemmi.cif.Block) -> str:
    import gemmi

    structure = gemmi.make_small_structure_from_block(block)
    group = structure.spacegroup or gemmi.find_spacegroup_by_name(
        structure.spacegroup_hm, structure.cell.alpha, structure.cell.gamma
    )
    if group is None:
        raise InputError("no space group is known from it; add _space_group_name_H-M_alt")
    letter: str = group.centring_type()
    return letter
