"""Proof that training works, in little time: a stop, going on, falling losses, weights on disk, numpy beside torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hybrid_index.config import Settings
from hybrid_index.errors import HybridIndexError, OutputError
from hybrid_index.export.training_curves import loss_parts
from hybrid_index.neural import network as net
from hybrid_index.neural.belief import believe
from hybrid_index.neural.features import Features
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.shift_reader import ReaderArchitecture, Spectra, shift_scores
from hybrid_index.neural.shifts import read_shifts
from hybrid_index.neural.torch_operations import TorchOperations
from hybrid_index.neural.weights import Network, ShiftReader, load_network, load_reader
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.training.batches import EASY, VALIDATION_SEED
from hybrid_index.training.checkpoint import CHECKPOINT
from hybrid_index.training.config import Recipe
from hybrid_index.training.loop import LESSONS, train
from hybrid_index.training.outcome import save_weights
from hybrid_index.types import PeakList
from hybrid_index.units import Radiation

AGREEMENT = 1e-4
"""Largest difference between what numpy and torch say; scores are of the order of 1 to 10."""
_LISTS_ASKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeSize:
    """How much is done: steps, lists in each, lists of a validation, and the width of the network."""

    steps: int = 60
    batch: int = 64
    validation_lists: int = 512
    width: int = 32


def smoke_recipe(subject: str, size: SmokeSize) -> Recipe:
    """Return a recipe that is done soon."""
    architecture = (
        net.Architecture(width=size.width, heads=4, depth=2, depth_given=1, pair_width=8, readings=4)
        if subject == "lines"
        else ReaderArchitecture(width=size.width // 2, depth=1)
    )
    return Recipe(
        subject=subject,
        steps=size.steps,
        batch=size.batch,
        validation_lists=size.validation_lists,
        warm_up_steps=size.steps // 10,
        cool_down_steps=size.steps // 3,
        validate_every=size.steps // 2,
        learning_rate=5e-3,
        architecture=architecture,
    )


def prove(subject: str, folder: Path, *, device: torch.device, size: SmokeSize | None = None) -> Iterator[str]:
    """Yield a sentence for each thing that was proved; raises :class:`HybridIndexError` for what was not."""
    size = size or SmokeSize()
    if (folder / CHECKPOINT).exists():
        raise OutputError(f"{folder}: holds a run already; name a new folder")
    recipe = smoke_recipe(subject, size)
    asked = 0

    def half_way() -> bool:
        nonlocal asked
        asked += 1
        return asked == size.steps // 2

    stopped = train(recipe, folder, device=device, stop=half_way)
    _demand(stopped.step == size.steps // 2, f"{subject}: the run did not stop half way")
    state = train(recipe, folder, device=device)
    _demand(state.step == size.steps, f"{subject}: the run did not go on to its end")
    yield f"{subject}: {size.steps} steps of {size.batch} lists, stopped after {stopped.step} and went on"

    before, after = loss_parts(state.history[0]), loss_parts(state.history[-1])
    for name, value in after.items():
        _demand(value < before[name], f"{subject}: loss of {name} did not fall ({before[name]:.3g} to {value:.3g})")
    falls = ", ".join(f"{name} {before[name]:.3g} to {value:.3g}" for name, value in after.items())
    yield f"{subject}: losses on lists not trained on fell: {falls}"

    path = save_weights(state, folder)
    trained: Network | ShiftReader
    trained = load_network(folder) if subject == "lines" else load_reader(folder)
    for peaks in _some_lists():
        _demand(_answers(trained, peaks), f"{subject}: the weights in {path} do not answer with probabilities")
    yield f"{subject}: weights saved ({path.stat().st_size / 1e6:.2f} MB), loaded and asked without torch"

    off = difference(trained, LESSONS[subject](recipe).batch(0))
    _demand(off < AGREEMENT, f"{subject}: numpy and torch differ by {off:.2g}, more than {AGREEMENT}")
    yield f"{subject}: numpy and torch say the same but for {off:.1g}"


def difference(trained: Network | ShiftReader, batch: Any) -> float:
    """Largest difference between what numpy and torch make of a batch of the lesson."""
    by_numpy = _said(NumpyOperations(), trained, batch, lambda values: values)
    with torch.no_grad():
        by_torch = _said(TorchOperations(), trained, batch, torch.from_numpy)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(by_numpy, by_torch, strict=True))


def _said(ops: net.Operations, trained: Network | ShiftReader, batch: Any, convert: Any) -> list[Any]:
    weights = {name: convert(values) for name, values in trained.weights.items()}
    if isinstance(trained, ShiftReader):
        spectra = Spectra(*(convert(getattr(batch.spectra, name)) for name in Spectra.__slots__))
        return [shift_scores(ops, weights, trained.architecture, spectra)]
    x = Features(*(convert(getattr(batch.x, name)) for name in Features.__slots__))
    encoded = net.encode(ops, weights, trained.architecture, x)
    said = net.given(ops, weights, trained.architecture, encoded, convert(batch.codes))
    labels = net.label_scores(ops, weights, said.tokens, family=0)
    return [encoded.lattice, labels, said.readings, said.foreign, said.shift, said.volume]


def _some_lists() -> Iterator[PeakList]:
    lists = draw_line_lists(_LISTS_ASKED, seed=VALIDATION_SEED, settings=EASY)
    for i, n in enumerate(lists.count.tolist()):
        yield PeakList.from_positions(
            lists.two_theta_deg[i, :n],
            radiation=Radiation(wavelength_angstrom=float(lists.wavelength_angstrom[i])),
            intensity=lists.intensity[i, :n],
            two_theta_esd_deg=lists.sigma_deg[i, :n],
        )


def _answers(trained: Network | ShiftReader, peaks: PeakList) -> bool:
    """Whether probabilities come out that sum to 1."""
    if isinstance(trained, ShiftReader):
        return bool(np.isclose(read_shifts(trained, peaks, Settings()).probability.sum(), 1.0))
    belief = believe(trained, peaks)
    labels = np.concatenate([belief.under(code).single_labels().sum(axis=1) for code in belief.likeliest()])
    return bool(np.isclose(belief.lattices.sum(), 1.0) and np.allclose(labels, 1.0))


def _demand(holds: bool, message: str) -> None:
    if not holds:
        raise HybridIndexError(message)
