"""Batches of simulated patterns: ``python -m benchmarks.batch --patterns 1000 --out batch.json``.

The same patterns (condition ``lab``) are indexed by one worker, by two, and by two through Ray, block by block in turn.
Then come the memory of a long batch (its work is only to read the files), the cost of state, and how long it takes to
find out that all is done. Beside the JSON document a picture of the same name is drawn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from benchmarks.batch import rates, upkeep
from benchmarks.batch.judge import Line, judge_memory, judge_rates, judge_searching
from benchmarks.batch.machine import COMPUTE, MEMORY, machine_ratio
from benchmarks.batch.patterns import SYNTHETIC, make_patterns
from benchmarks.batch.rates import ONE, RAY, TWO, Block
from benchmarks.batch.report import as_document, draw, print_lines, write_json
from benchmarks.batch.upkeep import Memory
from hybrid_index.errors import HybridIndexError

TABLE_WIDTH = 130
STATE_INPUTS = 1000
STRUCTURES = Path(__file__).resolve().parents[2] / ".." / "shared" / "data" / "structures" / "structures.jsonl.gz"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.batch", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patterns", type=int, default=1000)
    parser.add_argument("--blocks", type=int, default=5, help="in which the patterns are done, each way in turn")
    parser.add_argument("--budget", type=float, default=10.0, help="seconds for each pattern")
    parser.add_argument("--long", type=int, default=5000, help="inputs of the batch whose memory is looked at; 0: none")
    parser.add_argument("--source", help="structures to simulate (default: those of ../shared/data, else synthetic)")
    parser.add_argument("--seed", type=int, default=0, help="of the patterns")
    parser.add_argument(
        "--cache", type=Path, default=Path("bench-results/batch"), help="folder that keeps the patterns"
    )
    parser.add_argument("--out", type=Path, help="write the JSON document here, and a picture beside it")
    given = parser.parse_args()
    if not 1 <= given.blocks <= given.patterns:
        parser.error("--blocks must be between 1 and --patterns")
    given.source = given.source or (str(STRUCTURES) if STRUCTURES.exists() else SYNTHETIC)
    return given


def measure_rates(files: Sequence[Path], given: argparse.Namespace, folder: Path, console: Console) -> list[Block]:
    """Do the patterns block by block, in turn with each way; the first of all compiles, and does not count."""
    ways = [ONE, TWO, RAY] if rates.has_ray() else [ONE, TWO]
    rates.do_block(files[:2], ONE, folder / "first", given.budget)
    done = []
    for number in range(given.blocks):
        block = files[number :: given.blocks]
        turn = number % len(ways)
        for how in ways[turn:] + ways[:turn]:
            done.append(rates.do_block(block, how, folder / f"{number} {how}", given.budget))
            console.print(f"block {number + 1} of {given.blocks}, {how}: {done[-1].rate:.3g} a second", highlight=False)
    return done


def judge_upkeep(
    files: Sequence[Path], blocks: Sequence[Block], n_long: int, folder: Path
) -> tuple[list[Line], Memory | None]:
    """Measure and judge what a batch costs beside the searches."""
    template = folder / "template.json"
    upkeep.write_template(folder / f"0 {TWO}" / "results.jsonl", template)
    memory = upkeep.memory_of_long_batch(template, folder, n_long, files) if n_long else None
    in_run, in_file, again = upkeep.cost_of_state(template, folder, STATE_INPUTS, files)
    cost_ms, plain_ms = (1e3 * spent / STATE_INPUTS for spent in (in_run - in_file, in_file))
    return [
        judge_searching(blocks),
        *([] if memory is None else judge_memory(memory)),
        Line(name="state, an input", value=cost_ms, unit="ms", note=f"more than the {plain_ms:.1f} ms of a plain file"),
        Line(name="command that finds all done", value=again, unit="s", note=f"{STATE_INPUTS} inputs"),
    ], memory


def judge_machine() -> list[Line]:
    """Measure what two processes get done on this machine, whatever they are."""
    note = "two processes against one, without any of ours"
    return [
        Line(name="machine, computing", value=machine_ratio(COMPUTE), note=note),
        Line(name="machine, moving memory", value=machine_ratio(MEMORY), note=note),
    ]


def main() -> int:
    """Run the benchmark; 1 if a bar is missed or something is wrong with the arguments."""
    given = parse_arguments()
    progress = Console(stderr=True)
    console = Console(width=max(progress.width, TABLE_WIDTH))
    try:
        files = make_patterns(given.cache, given.patterns, source=given.source, seed=given.seed)
        with tempfile.TemporaryDirectory(prefix="batch-benchmark-") as name:
            lines = judge_machine()
            blocks = measure_rates(files, given, Path(name), progress)
            lines += judge_rates(blocks)
            further, memory = judge_upkeep(files, blocks, given.long, Path(name))
            lines += further
    except HybridIndexError as error:
        progress.print(f"error: {error}", style="red", highlight=False)
        return 1
    print_lines(lines, console, f"{given.patterns} patterns in {given.blocks} blocks, budget {given.budget:g} s")
    if not any(block.how == RAY for block in blocks):
        console.print("Ray was not measured: it is not installed (pip install hybrid-index\\[cluster])")
    if given.out:
        write_json(as_document(vars(given), lines, blocks, memory), given.out)
        draw(blocks, memory, given.out.with_suffix(".png"))
    return 1 if any(line.passed is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
