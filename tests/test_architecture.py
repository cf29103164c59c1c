"""Promises about the package as a whole: its public names, what importing costs, what lies in a checkout."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import hybrid_index

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch",
    "numba",
    "scipy",
    "lmfit",
    "pymatgen",
    "matplotlib",
    "plotly",
    "pyarrow",
    "pybaselines",
    "geddes",
    "gemmi",
)


def run_python(code: str, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, **(env or {})},
    )


def test_public_names_are_pinned() -> None:
    assert sorted(hybrid_index.__all__) == [
        "BravaisLattice",
        "Cell",
        "FileFormatError",
        "Glance",
        "HybridIndexError",
        "IndexingResult",
        "InputError",
        "OutputError",
        "Pattern",
        "PeakList",
        "PeakOptions",
        "Radiation",
        "Refinement",
        "Settings",
        "Solution",
        "WavelengthError",
        "__version__",
        "document",
        "edit_peaks",
        "find_peaks",
        "from_document",
        "glance",
        "index",
        "parse_radiation",
        "read",
        "read_pattern",
        "read_peaks",
        "refine_cell",
        "write_plot",
    ]


@pytest.mark.parametrize("name", hybrid_index.__all__)
def test_public_name_loads_and_is_documented(name: str) -> None:
    value = getattr(hybrid_index, name)
    assert name == "__version__" or value.__doc__
    assert name in dir(hybrid_index)


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'indexx'"):
        hybrid_index.indexx  # noqa: B018


@pytest.mark.parametrize(
    "code",
    [
        "import hybrid_index",
        "import hybrid_index.types, hybrid_index.config, hybrid_index.errors",
        "from hybrid_index.cli.app import app",
        "import sys; sys.argv = ['hybrid-index', '--help']\n"
        "from hybrid_index.cli import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code",
    ],
    ids=["package", "words", "application", "help"],
)
def test_importing_loads_nothing_heavy(code: str) -> None:
    done = run_python(f"{code}\nimport sys; print('LOADED', *(m for m in {HEAVY} if m in sys.modules))")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split() == ["LOADED"]


def test_help_needs_little_time() -> None:
    # Processor time, the best of three: wall time would measure what else the machine does.
    code = (
        "import os, subprocess, sys\n"
        "command = [sys.executable, '-c', 'from hybrid_index.cli import main; main()', '--help']\n"
        "best = 9.0\n"
        "for _ in range(3):\n"
        "    before = os.times()\n"
        "    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)\n"
        "    after = os.times()\n"
        "    spent = after.children_user + after.children_system - before.children_user - before.children_system\n"
        "    best = min(best, spent)\n"
        "print(best)"
    )
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 0.5


def test_every_module_says_what_it_is() -> None:
    modules = sorted((ROOT / "hybrid_index").rglob("*.py"))
    assert modules
    silent = [str(p.relative_to(ROOT)) for p in modules if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert silent == []


def test_typed_marker_is_there() -> None:
    assert (ROOT / "hybrid_index" / "py.typed").exists()
