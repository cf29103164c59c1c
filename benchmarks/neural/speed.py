"""How long the networks take for one list, alone and in a batch; without trials and refinement."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from rich.console import Console

from benchmarks.neural.report import new_table
from benchmarks.neural.weights import Networks
from hybrid_index.neural import network as net
from hybrid_index.neural.devices import pick_device
from hybrid_index.neural.features import Features, features
from hybrid_index.neural.numpy_operations import NumpyOperations
from hybrid_index.neural.shift_reader import Spectra, shift_scores, spectra_of
from hybrid_index.neural.torch_operations import TorchOperations
from hybrid_index.simulate.line_lists import LineLists, draw_line_lists
from hybrid_index.training.batches import EASY

Prepare = Callable[[LineLists], Any]
Ask = Callable[[Networks, Any, torch.device | None], Callable[[], Any]]
BATCHES = (1, 64, 256)
SEED = 2**41 + 1
ROUNDS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Milliseconds for each list: making what the network sees, and the network itself; medians of wall time."""

    network: str
    way: str
    batch: int
    prepare_ms: float
    network_ms: float


def timings(networks: Networks) -> list[Timing]:
    """Time both networks with numpy and torch."""
    device = pick_device("auto")
    out = []
    for batch in BATCHES:
        lists = draw_line_lists(batch, seed=SEED, settings=EASY)
        for name, prepare, ask in SUBJECTS:
            prepared = prepare(lists)
            for way in ("numpy", f"torch, {device.type}"):
                on = device if way != "numpy" else None
                answer = ask(networks, prepared, on)
                out.append(
                    Timing(
                        network=name,
                        way=way,
                        batch=batch,
                        prepare_ms=_median_ms(partial(prepare, lists)) / batch,
                        network_ms=_median_ms(answer) / batch,
                    )
                )
    return out


def report(found: list[Timing], console: Console) -> dict[str, Any]:
    """Print the table; return what goes into the document."""
    table = new_table("milliseconds a list", ("batch", "way", "prepare", "network"))
    for timing in found:
        table.add_row(
            timing.network, str(timing.batch), timing.way, f"{timing.prepare_ms:.2f}", f"{timing.network_ms:.2f}"
        )
    console.print(table)
    return {"timings": [asdict(timing) for timing in found]}


def in_short(found: list[Timing]) -> str:
    """One line on all of it."""
    words = [
        f"{t.network} {t.prepare_ms + t.network_ms:.1f} ms ({t.way}, batch of {t.batch})"
        for t in found
        if (t.batch == 1) == (t.way == "numpy")
    ]
    return "a list takes: " + ", ".join(words)


def _features(lists: LineLists) -> Features:
    return features(lists.two_theta_deg, lists.intensity, lists.sigma_deg, lists.wavelength_angstrom, lists.count)


def _spectra(lists: LineLists) -> Spectra:
    return spectra_of(lists.two_theta_deg, lists.sigma_deg, lists.wavelength_angstrom, lists.count)


def _ask_lines(networks: Networks, x: Any, device: torch.device | None) -> Callable[[], Any]:
    """What asks for the Bravais lattices, and for labels under the likeliest."""
    trained = networks.network
    ops, w, y = _on(device, trained.weights, x)

    def ask() -> Any:
        encoded = net.encode(ops, w, trained.architecture, y)
        codes = encoded.lattice.argmax(-1)
        return _finished(net.given(ops, w, trained.architecture, encoded, codes).volume)

    return ask


def _ask_shifts(networks: Networks, x: Any, device: torch.device | None) -> Callable[[], Any]:
    trained = networks.reader
    ops, w, y = _on(device, trained.weights, x)
    return lambda: _finished(shift_scores(ops, w, trained.architecture, y))


SUBJECTS: tuple[tuple[str, Prepare, Ask], ...] = (
    ("lines", _features, _ask_lines),
    ("shifts", _spectra, _ask_shifts),
)


def _on(device: torch.device | None, weights: Any, x: Any) -> tuple[net.Operations, Any, Any]:
    if device is None:
        return NumpyOperations(), weights, x
    moved = type(x)(*(torch.from_numpy(getattr(x, name)).to(device) for name in type(x).__slots__))
    return TorchOperations(), {name: torch.from_numpy(value).to(device) for name, value in weights.items()}, moved


def _finished(answer: Any) -> Any:
    """An answer that has really come: accelerators work on in the background."""
    return answer if isinstance(answer, np.ndarray) else answer.cpu()


def _median_ms(call: Callable[[], Any]) -> float:
    call()
    seconds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        with torch.inference_mode():
            call()
        seconds.append(time.perf_counter() - began)
    return 1000.0 * median(seconds)
