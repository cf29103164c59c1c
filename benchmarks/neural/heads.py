"""What each output of the networks is worth to a search: one after the other says nothing that hangs on the lines."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console

from benchmarks.accuracy.cases import Case
from benchmarks.neural.budgets import runs_of
from benchmarks.neural.recall import proposals
from benchmarks.neural.report import new_table, percent
from benchmarks.neural.weights import Networks, measured_networks
from hybrid_index import Settings
from hybrid_index.neural.weights import save_network, save_reader
from hybrid_index.ranking import prior_bits
from hybrid_index.refine.lines import FOREIGN_UNKNOWN

BUDGETS_S = (0.03, 0.1, 0.3)
NOTHING_LEFT_OUT = "all outputs"
_TENTHS_ESD = 0.3
"""Uncertainty (tenths of a degree) of a shift that nothing is known of, after the reader's has been taken off."""

Weights = Mapping[str, npt.NDArray[np.float32]]
Constant = Callable[[npt.NDArray[np.float32]], npt.ArrayLike]


def _as_trained(bias: npt.NDArray[np.float32]) -> npt.ArrayLike:
    return bias


OUTPUTS: dict[str, tuple[str, Constant]] = {
    "Bravais lattice": ("lattice", lambda _: np.log(2.0) * prior_bits()),
    "labels": ("label.", _as_trained),
    "which reading": ("preferred", np.zeros_like),
    "foreign lines": ("foreign", lambda _: [np.log(FOREIGN_UNKNOWN / (1.0 - FOREIGN_UNKNOWN))]),
    "shift left by the reader": ("shift", lambda _: [0.0, np.log(_TENTHS_ESD)]),
    "reader of shifts": ("score", _as_trained),
}
"""Names of the outputs' weights begin so (those of the reader are its ``score``), and what is said in their place: the
shares of lattices among crystals, labels as frequent as in training, readings alike, the usual share of foreign lines,
no shift."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """What became of a case without one output.

    ``place`` of the true lattice among the refined candidates of the network alone, ``None`` where it is not there;
    ``right`` whether a search had it first, for each of :data:`BUDGETS_S`.
    """

    name: str
    group: str
    left_out: str
    place: int | None
    right: tuple[bool, ...]


def silenced(networks: Networks, output: str) -> Networks:
    """Both networks, one of whose outputs is the same for all lists."""
    beginning, constant = OUTPUTS[output]

    def quiet(weights: Weights) -> dict[str, npt.NDArray[np.float32]]:
        out = dict(weights)
        for name in weights:
            if name.startswith(beginning) and name.endswith(".weight") and ".norm" not in name:
                bias = name.removesuffix("weight") + "bias"
                out[name] = np.zeros_like(weights[name])
                out[bias] = np.asarray(constant(weights[bias]), dtype=np.float32)
        return out

    if output == "reader of shifts":
        return replace(networks, reader=replace(networks.reader, weights=quiet(networks.reader.weights)))
    return replace(networks, network=replace(networks.network, weights=quiet(networks.network.weights)))


@contextmanager
def without(networks: Networks, output: str) -> Iterator[Networks]:
    """Let the whole package do without an output, as long as the block lasts."""
    if output == NOTHING_LEFT_OUT:
        yield networks
        return
    with tempfile.TemporaryDirectory() as folder:
        less = silenced(networks, output)
        save_network(less.network, Path(folder))
        save_reader(less.reader, Path(folder))
        with measured_networks(Path(folder)) as read:
            yield read


def outcomes(cases: Sequence[Case], networks: Networks, settings: Settings) -> Iterator[Without]:
    """Ask and search without each output in turn."""
    for output in (NOTHING_LEFT_OUT, *OUTPUTS):
        with without(networks, output) as less:
            for case, proposal in zip(cases, proposals(cases, less, settings), strict=True):
                made = sorted(runs_of(case, "auto", settings, BUDGETS_S), key=lambda run: run.budget_s)
                right = tuple(run.right for run in made)
                yield Without(name=case.name, group=case.group, left_out=output, place=proposal.place, right=right)


def report(found: Sequence[Without], console: Console) -> dict[str, Any]:
    """Print a table for each group of cases; return what goes into the document."""
    columns = ("among the 64", *(f"first in {budget:g} s" for budget in BUDGETS_S))
    for group in dict.fromkeys(one.group for one in found):
        mine = [one for one in found if one.group == group]
        table = new_table(f"{group} ({len(mine) // (len(OUTPUTS) + 1)})", columns, "without")
        for output in (NOTHING_LEFT_OUT, *OUTPUTS):
            table.add_row(output, *(percent(share) for share in _shares(mine, output)))
        console.print(table)
    return {"outputs": [asdict(one) for one in found]}


def in_short(found: Sequence[Without]) -> str:
    """One line on all of it."""
    among = {output: percent(_shares(found, output)[0]) for output in (NOTHING_LEFT_OUT, *OUTPUTS)}
    whole = among.pop(NOTHING_LEFT_OUT)
    return f"among the 64: {whole} with all outputs; " + ", ".join(f"{share} without {o}" for o, share in among.items())


def _shares(found: Sequence[Without], output: str) -> list[float]:
    mine = [one for one in found if one.left_out == output]
    first = [float(np.mean([one.right[place] for one in mine])) for place in range(len(BUDGETS_S))]
    return [float(np.mean([one.place is not None for one in mine])), *first]
