from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from rich.console import Console

from benchmarks.neural import __main__ as command
from benchmarks.neural import (
    beliefs,
    beliefs_report,
    budgets,
    budgets_report,
    heads,
    ranking,
    recall,
    report,
    trials,
    weights,
)
from benchmarks.neural.budgets import Mode, Run
from hybrid_index import Settings
from hybrid_index.errors import InputError
from hybrid_index.neural.batched import propose
from hybrid_index.neural.belief import believe_anew
from hybrid_index.neural.labels import FAMILIES, LABELLED_LINES, Vocabulary
from hybrid_index.neural.network import Architecture
from hybrid_index.neural.shift_reader import ReaderArchitecture
from hybrid_index.neural.shifts import shift_belief
from hybrid_index.neural.weights import (
    Network,
    ShiftReader,
    packaged_network,
    packaged_reader,
    save_network,
    save_reader,
)
from hybrid_index.ranking import prior_bits
from hybrid_index.simulate.line_lists import draw_line_lists
from hybrid_index.types import PeakList
from tests.synthetic import TYPICAL, B, line_list

TINY = Architecture(width=32, heads=2, depth=1, depth_given=1, pair_width=8, labels=(10,) * 6)
N_STRUCTURES = 60
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of weights that know nothing."""
    folder = tmp_path_factory.mktemp("weights")
    lists = draw_line_lists(3000, seed=1)
    hkl = lists.hkl[:, :LABELLED_LINES].astype(np.int64)
    own = (lists.listed & ~lists.foreign)[:, :LABELLED_LINES]
    labels = Vocabulary.commonest(hkl, lists.lattice, own, TINY.labels)
    save_network(Network(architecture=TINY, vocabulary=labels, weights=TINY.initial_weights(1)), folder)
    reader = ReaderArchitecture(width=8, depth=1, reach=1)
    save_reader(ShiftReader(architecture=reader, weights=reader.initial_weights(1)), folder)
    return folder


@pytest.fixture(scope="module")
def data(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the structures, which are read sooner than all, and the index of measured lists."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "structures").mkdir()
    name = Path("structures", "structures.jsonl.gz")
    with gzip.open(shared_data / name, "rt") as everything, gzip.open(folder / name, "wt") as some:
        some.writelines(islice(everything, N_STRUCTURES))
    (folder / "experimental").symlink_to(shared_data.resolve() / "experimental")
    return folder


def run(mode: Mode, budget_s: float, rank: int | None, **changes: Any) -> Run:
    values = {
        "name": "it", "group": "lab", "system": "monoclinic", "mode": mode, "budget_s": budget_s, "rank": rank,
        "status": "solved", "probability": 0.9, "seconds": 0.9 * budget_s,
        "search_s": 0.8 * budget_s, "reused": False,
    }  # fmt: skip
    return Run(**{**values, **changes})


def curve(name: str, classical: tuple[int | None, ...], hybrid: tuple[int | None, ...], **changes: Any) -> list[Run]:
    """Runs of a case with budgets of 0.1, 1 and 10 s."""
    ranks: tuple[tuple[Mode, tuple[int | None, ...]], ...]
    ranks = (("never", classical), ("auto", hybrid), ("only", (None, None, None)))
    return [
        run(mode, budget, rank, name=name, **changes)
        for mode, row in ranks
        for budget, rank in zip((0.1, 1.0, 10.0), row, strict=True)
    ]


MIXED = [
    *curve("gained", (None, None, 1), (1, 1, 1)),
    *curve("lost", (None, 1, 1), (None, None, 1)),
    *curve("neither", (2, 2, 2), (None, 3, 2)),
    *curve("high", (1, 1, 1), (1, 1, 1), system="cubic"),
]
"""What hybrid and classical way solve by turns."""


def test_shares_count_first_places_and_lists() -> None:
    assert budgets.shares(MIXED, "never") == [0.25, 0.5, 0.75]
    assert budgets.shares(MIXED, "auto") == [0.5, 0.5, 0.75]
    assert budgets.shares(MIXED, "never", in_list=True) == [0.5, 0.75, 1.0]


def test_gains_and_losses_by_system() -> None:
    table = budgets.gains_and_losses(MIXED)
    assert table["monoclinic"] == {0.1: (1, 0), 1.0: (1, 1), 10.0: (0, 0)}
    assert table["cubic"][1.0] == (0, 0)
    assert budgets.fewer(MIXED) == []
    worse = [*MIXED, *curve("lost too", (1, 1, 1), (None, None, None))]
    assert budgets.fewer(worse) == [("monoclinic", 1.0, 1), ("monoclinic", 10.0, 1)]


def test_the_budget_for_a_share_lies_between_points() -> None:
    points = (0.1, 1.0, 10.0)
    assert budgets.budget_for(points, (0.2, 0.4, 0.6), 0.5) == pytest.approx(math.sqrt(10.0))
    assert budgets.budget_for(points, (0.6, 0.7, 0.8), 0.5) == 0.1
    assert budgets.budget_for(points, (0.1, 0.2, 0.4), 0.5) is None
    assert budgets.share_at(points, (0.2, 0.4, 0.8), math.sqrt(10.0)) == pytest.approx(0.6)


def test_time_to_the_right_cell_is_that_of_the_shortest_right_run() -> None:
    n, seconds = budgets.median_seconds_to_right(MIXED)
    assert n == 3
    assert seconds == {"never": pytest.approx(0.9), "auto": pytest.approx(0.09)}
    assert budgets.median_seconds_to_right(MIXED, "search_s")[1]["never"] == pytest.approx(0.8)
    never = curve("unsolved", (1, 1, 1), (None, None, None))
    assert budgets.median_seconds_to_right(never)[1]["auto"] == math.inf
    assert budgets.median_seconds_to_right(curve("none", (None,) * 3, (None,) * 3)) == (0, {})


def test_bars_of_the_budgets() -> None:
    checks = {check.quantity: check for check in budgets_report.checks(MIXED)}
    half = checks["right where classical solves half (3.2 s)"]
    assert half.value == pytest.approx(0.5)
    assert not half.passed
    assert checks["hybrid's share of the wall time to the right cell"].value == pytest.approx(0.1)
    assert checks["systems and budgets with fewer right"].passed


def test_a_run_that_ended_early_stands_for_smaller_budgets(monkeypatch: pytest.MonkeyPatch) -> None:
    class Outcome:
        rank, status, probability, seconds = 1, "solved", 0.9, 0.2

    made: list[float] = []

    def once(_: object, settings: Any) -> tuple[type[Outcome], None]:
        made.append(settings.budget_s)
        return Outcome, None

    class Case:
        name, group, system = "it", "lab", "cubic"

    monkeypatch.setattr(budgets, "index_and_judge", once)
    (found,) = budgets.runs([Case()], Settings(), (0.1, 0.3, 1.0))  # type: ignore[list-item]
    assert made == [1.0, 0.1] * 3
    assert [(r.mode, r.budget_s) for r in found if r.reused] == [("never", 0.3), ("auto", 0.3), ("only", 0.3)]


def said(place: int, *, probability: float = 0.6, shift: float = 0.01, foreign: float = 0.2) -> beliefs.Said:
    stated = beliefs.Stated(
        shift_error_deg=shift,
        shift_esd_deg=0.01,
        shift_within=(abs(shift) <= 0.01, abs(shift) <= 0.02),
        log_volume_error=-0.1,
        log_volume_esd=0.2,
        foreign=(foreign, 0.9),
    )
    return beliefs.Said(
        group="lab", system="cubic", code=0, guessed=place - 1, probability=probability, lattice_place=place,
        first=stated, true=stated, foreign=(False, True), label_places=(1, 4, 7),
    )  # fmt: skip


def test_figures_of_beliefs() -> None:
    some = [said(1), said(2, shift=-0.015), said(4, shift=0.5)]
    figures = beliefs.lattices_and_volumes(some)
    assert figures["lattice_first"] == pytest.approx(1 / 3)
    assert figures["lattice_among_three"] == pytest.approx(2 / 3)
    assert figures["shift_median_deg"] == 0.015
    assert figures["shift_bridged"] == pytest.approx(2 / 3)
    assert figures["shift_68"] == pytest.approx(1 / 3)
    assert figures["shift_95"] == pytest.approx(2 / 3)
    assert figures["volume_median_factor"] == pytest.approx(math.exp(0.1))
    assert beliefs.confusion(some)[0, [0, 1, 3]] == pytest.approx(1 / 3)
    assert beliefs.labels(some)["cubic"] == {"n": 9, "first": pytest.approx(1 / 3), "five": pytest.approx(2 / 3)}
    assert list(beliefs.by_stated_shift(some)) == ["≤ 0.01°"]
    assert beliefs.foreign_auroc(some) == 1.0


def test_auroc_is_a_share_of_pairs() -> None:
    assert beliefs.auroc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True])) == 0.75
    assert beliefs.auroc(np.array([0.1]), np.array([True])) is None


def test_bars_of_beliefs_are_named() -> None:
    checks = {check.quantity: check for check in beliefs_report.checks([said(1)] * 4)}
    assert checks["Bravais lattice first"].passed
    assert checks["mean error of shifts said to ±0.03°"].text(0.01) == "0.01°"
    assert not checks["mean error of shifts said to ±0.03°"].at_least


def test_measured_networks_take_the_place_of_the_packaged_ones(untrained: Path, tmp_path: Path) -> None:
    before = packaged_network()
    with weights.measured_networks(untrained) as networks:
        assert packaged_network() is networks.network
        assert packaged_reader() is networks.reader
        assert networks.network.architecture == TINY
    assert (packaged_network() is None) == (before is None)
    with pytest.raises(InputError, match="--weights"), weights.measured_networks(tmp_path / "none"):
        pass


@pytest.mark.parametrize("kind", ["simulated", "experimental"])
def test_recall(kind: str, untrained: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = _run(["recall", "--set", kind, "--limit", "2"], untrained, tmp_path, data)
    assert document["schema"] == report.SCHEMA
    assert len(document["cases"]) == 2
    assert {"recall", "network_ms", "processor_ms"} <= set(next(iter(document["summary"].values()))["all"])
    assert (tmp_path / "recall.png").read_bytes().startswith(PNG)
    assert "recall among 64" in capsys.readouterr().out


def test_recall_in_batches(
    untrained: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def propose_many(lists: list[PeakList], settings: Settings, **how: Any) -> list[list[Any]]:
        asked.append(len(lists))
        assert (how["device"], how["most"]) == ("cpu", recall.MOST_CANDIDATES)
        return [[] for _ in lists]

    monkeypatch.setattr(propose, "propose_many", propose_many)
    document = _run(["recall", "--limit", "5", "--batch", "2", "--device", "cpu"], untrained, tmp_path, data)
    assert asked == [1, 2, 2, 1]  # the first only loads what there is to load
    assert {case["place"] for case in document["cases"]} == {None}
    assert document["bars"][-1]["quantity"] == "wall time, batches of 2, cpu"
    assert "60 ms" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        command.parse_arguments(["recall", "--batch", "0"])


def test_beliefs(untrained: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["beliefs", "--lists", "12", "--limit", "3"]
    document = _run(words, untrained, tmp_path, data)
    asked = ["random, easy", "random, hard", "lab"]
    assert list(document["groups"]) == [*asked, *(f"{name}, a glance" for name in asked)]
    easy = document["groups"]["random, easy"]
    assert easy["systems"]["all"]["n"] == 12
    assert set(easy["labels"]) <= set(FAMILIES)
    assert document["groups"]["lab"]["labels"] == document["groups"]["lab, a glance"]["labels"] == {}
    assert document["groups"]["lab, a glance"]["systems"]["all"]["n"] == 3
    for name in ("confusion.png", "trust.png"):
        assert (tmp_path / name).read_bytes().startswith(PNG)
    assert "beliefs: random, easy" in capsys.readouterr().out


@pytest.mark.parametrize("output", heads.OUTPUTS)
def test_an_output_that_is_silenced_says_the_same_of_all_lists(output: str) -> None:
    networks = weights.Networks(reader=packaged_reader(), network=packaged_network())  # type: ignore[arg-type]
    settings, lists = Settings(), [line_list(TYPICAL[lattice], lattice) for lattice in (B.CP, B.OP, B.AP)]

    def said(of: weights.Networks, peaks: PeakList) -> npt.NDArray[np.float64]:
        belief = believe_anew(of.network, peaks)
        under = belief.under(B.AP.code)
        match output:
            case "Bravais lattice":
                return belief.lattices
            case "labels":
                return np.asarray(under.labels[0, 0])
            case "which reading":
                return np.full(1, under.readings.size)
            case "foreign lines":
                return under.foreign
            case "shift left by the reader":
                return np.array([under.shift_deg, under.shift_esd_deg])
        return shift_belief(of.reader, peaks, settings).probability

    less = heads.silenced(networks, output)
    alike = [said(less, peaks) for peaks in lists]
    for other in alike[1:]:
        np.testing.assert_allclose(other, alike[0], rtol=1e-4)
    if output != "which reading":
        assert not all(np.allclose(said(networks, peaks), alike[0], rtol=1e-3) for peaks in lists)
    if output == "Bravais lattice":
        np.testing.assert_allclose(alike[0], np.exp2(prior_bits()) / np.exp2(prior_bits()).sum(), rtol=1e-4)


def test_heads(untrained: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "heads.json"
    words = ["heads", "--limit", "1", "--condition", "lab", "--data", str(data), "--weights", str(untrained)]
    assert command.main([*words, "--out", str(out)]) == 0
    document = json.loads(out.read_text(encoding="utf-8"))
    assert [one["left_out"] for one in document["outputs"]] == [heads.NOTHING_LEFT_OUT, *heads.OUTPUTS]
    assert "without reader of shifts" in capsys.readouterr().out


def test_trials(untrained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "trials.json"
    assert command.main(["trials", "--lists", "3", "--weights", str(untrained), "--out", str(out)]) == 0
    tried = json.loads(out.read_text(encoding="utf-8"))["trials"]
    assert [t["way"] for t in tried] == 6 * list(trials.WAYS)
    assert {t["group"] for t in tried} == {"random, easy", "random, hard"}
    assert "the true lattice is found by" in capsys.readouterr().out


def test_ranking(tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "ranking.json"
    words = ["ranking", "--data", str(data), "--condition", "lab", "--limit", "2", "--out", str(out)]
    assert command.main(words) == 0
    found = json.loads(out.read_text(encoding="utf-8"))["ranked"]
    assert [r["way"] for r in found] == 2 * list(ranking.WAYS)
    # The network has looked at the lines: it changes what is believed.
    assert all(a["probability"] != b["probability"] for a, b in zip(found[::2], found[1::2], strict=True))
    assert "of 2 first" in capsys.readouterr().out


def test_rankings_are_compared_search_by_search() -> None:
    def of(name: str, right: tuple[bool, bool], probability: tuple[float, float]) -> list[ranking.Ranked]:
        return [
            ranking.Ranked(name=name, group="lab", way=w, right=r, probability=p)
            for w, r, p in zip(ranking.WAYS, right, probability, strict=True)
        ]

    found = [*of("gained", (False, True), (0.5, 0.5)), *of("lost", (True, False), (0.96, 0.1))]
    found += of("kept", (True, True), (0.8, 0.98))
    console = Console(record=True, width=160)
    ranking.report(found, console)
    shares, network = (line.split("│")[2:-1] for line in console.export_text().splitlines() if line.startswith("│"))
    assert [word.strip() for word in shares] == ["67 %", "0", "0", "0.097", "1 of 1"]
    assert [word.strip() for word in network] == ["67 %", "1", "1", "0.087", "1 of 1"]
    assert ranking.in_short(found).endswith("2 -> 2 of 3 first, Brier score 0.097 -> 0.087")


def test_budgets(
    untrained: Path, tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "warm_up", lambda: None)  # for good times only
    words = ["budgets", "--limit", "2", "--budgets", "0.02,0.1", "--system", "cubic", "--system", "monoclinic"]
    document = _run(words, untrained, tmp_path, data)
    assert len(document["runs"]) == 2 * 2 * 3
    assert document["summary"]["lab"]["all"]["budgets_s"] == [0.02, 0.1]
    assert (tmp_path / "budgets_simulated.png").read_bytes().startswith(PNG)
    assert "classical → hybrid, 2 cases" in capsys.readouterr().out


def test_a_wrong_folder_of_weights_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["recall", "--weights", str(tmp_path / "none")]) == 1
    assert "/none" in capsys.readouterr().err


def test_summaries_in_one_line() -> None:
    assert budgets_report.in_short(MIXED).endswith("0.1 s 25 % → 50 %, 1 s 50 % → 50 %, 10 s 75 % → 75 %")
    console = Console(record=True, width=160)
    budgets_report.report(MIXED, console)
    assert "+1 −1" in console.export_text()


def test_recall_bars() -> None:
    found = recall.Proposal(
        name="it", group="hard", system="cubic", place=3, relation="", n_candidates=9, lattice="cP", lattice_place=2,
        network_s=0.01, proposal_s=0.02, refinement_s=0.03, processor_s=0.04,
    )  # fmt: skip
    checks = recall.checks([found])
    half = recall.summary([found, replace(found, place=None, relation="superlattice of index 2")])
    assert (half["recall"], half["or_relative"], half["first"]) == (0.5, 1.0, 0.0)
    assert [(c.name, c.quantity, c.passed) for c in checks] == [
        ("hard", "recall", True),
        ("all", "wall time, single lists", True),
    ]
    on_gpu = recall.checks([found], recall.Way(batch=256, device="cuda"))[-1]
    assert (on_gpu.quantity, on_gpu.bar, on_gpu.passed) == ("wall time, batches of 256, cuda", 2.0, False)


def _run(words: list[str], network: Path, folder: Path, data: Path) -> dict[str, Any]:
    """Run a command on cases of one condition, and read what it wrote."""
    out = folder / "out.json"
    common = ["--data", str(data), "--condition", "lab", "--weights", str(network), "--out", str(out)]
    assert command.main([*words, *common, "--plot-dir", str(folder)]) == 0
    document: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert document["in short"]
    return document
