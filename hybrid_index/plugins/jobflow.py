"""Indexing as jobs of jobflow (``pip install hybrid-index[workflow]``).

A. S. Rosen et al., J. Open Source Softw. 9 (2024) 5995, doi:10.21105/joss.05995.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobflow import Flow, Maker, job

from hybrid_index.config import Settings


@dataclass
class IndexMaker(Maker):
    """Makes jobs that index a pattern; their output is the result document (``docs/result.md``).

    Parameters
    ----------
    name
        Of the jobs.
    settings
        Of the search, as :meth:`hybrid_index.Settings.from_mapping` takes them.
    wavelength
        Å, a tube line (``"CuKa"``) or an energy (``"30keV"``); wins over what the pattern says.

    Examples
    --------
    >>> from jobflow import run_locally  # doctest: +SKIP
    >>> job = IndexMaker(settings={"budget_s": 20}).make("/data/anglesite.xye")  # doctest: +SKIP
    >>> run_locally(job)[job.uuid][1].output["solutions"][0]["cell"]  # doctest: +SKIP
    """

    name: str = "index"
    settings: dict[str, Any] = field(default_factory=dict)
    wavelength: str | float | None = None

    def __post_init__(self) -> None:
        Settings.from_mapping(self.settings)  # a mistake shows before anything runs

    @job
    def make(self, pattern: Any) -> dict[str, Any]:
        """Index a file (absolute path), a pymatgen ``DiffractionPattern``, or an array of 2θ.

        Returns
        -------
        Job
            Its output is the result document, whatever the status: that no cell can be trusted is a result.
        """
        from hybrid_index.export import document
        from hybrid_index.pipeline import index
        from hybrid_index.plugins.pymatgen import as_data

        settings = Settings.from_mapping(self.settings)
        is_file = isinstance(pattern, (str, Path))
        data = pattern if is_file else as_data(pattern, wavelength=self.wavelength)
        return document(index(data, wavelength=self.wavelength, settings=settings, id=None if is_file else "pattern"))


@dataclass
class StartFilesMaker(Maker):
    """Makes jobs that write the start files of refinement programs, from the output of an :class:`IndexMaker` job.

    Parameters
    ----------
    name
        Of the jobs.
    targets
        Programs, as ``hybrid-index export --to`` names them.
    solution
        Rank of the solution.
    space_group
        Hermann-Mauguin symbol; by default that of the lattice without absences beyond its centring.
    folder
        New folder, in the one that the job runs in.
    """

    name: str = "start files"
    targets: tuple[str, ...] = ("plain",)
    solution: int = 1
    space_group: str | None = None
    folder: str = "start"

    def __post_init__(self) -> None:
        self.targets = tuple(self.targets)  # JSON has made it a list

    @job
    def make(self, document: dict[str, Any], pattern: str | Path) -> dict[str, list[str]]:
        """Write the files for a result document and the file of its pattern.

        Returns
        -------
        Job
            Its output is the paths of each target's files; empty where the result has no solution.
        """
        from hybrid_index.export import from_document
        from hybrid_index.export.start import prepare, write_start_files
        from hybrid_index.io import read_pattern

        result = from_document(document)
        if not result.solutions or result.peaks is None:
            return {}
        measured = read_pattern(pattern, radiation=result.peaks.radiation)
        start = prepare(result, solution=self.solution, pattern=measured, space_group=self.space_group)
        written = write_start_files(start, self.targets, self.folder)
        return {target: [str(path) for path in paths] for target, paths in written.items()}


@dataclass
class IndexAndExportMaker(Maker):
    """Makes flows: index a file, then write the start files of the first solution.

    Parameters
    ----------
    name
        Of the flows.
    index_maker, start_maker
        Of the two jobs.
    """

    name: str = "index and export"
    index_maker: IndexMaker = field(default_factory=IndexMaker)
    start_maker: StartFilesMaker = field(default_factory=StartFilesMaker)

    def make(self, pattern: str | Path) -> Flow:
        """Make the flow of a pattern in a file (absolute path); its output is the result document."""
        found = self.index_maker.make(pattern)
        written = self.start_maker.make(found.output, pattern)
        return Flow([found, written], output=found.output, name=self.name)
