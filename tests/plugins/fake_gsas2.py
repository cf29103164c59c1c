"""The classes and functions of GSAS-II that our modules for it use, and no others.

Written from AdvancedPhotonSource/GSAS-II (2025): GSASIIobj.ImportBaseclass, ImportPhase and SetNewPhase;
GSASIIfiles.ExportBaseclass; GSASIIspc.SpcGroup; GSASIIlattice.cell2A and calc_V; GSASIIctrlGUI.PhaseSelector; and how
GSASIIfiles.LoadImportRoutines and LoadExportRoutines find classes in a module. Names, arguments and values are the
real ones.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import gemmi
import numpy as np


class ImportBaseclass:
    UseReader = True

    def __init__(
        self,
        formatName: str,
        longFormatName: str | None = None,
        extensionlist: tuple[str, ...] = (),
        strictExtension: bool = False,
    ) -> None:
        self.formatName = formatName
        self.longFormatName = longFormatName or formatName
        self.extensionlist = extensionlist
        self.strictExtension = strictExtension
        self.ReInitialize()

    def ReInitialize(self) -> None:
        self.errors = ""
        self.warnings = ""
        self.repeat = False

    def ExtensionValidator(self, filename: str) -> bool | None:
        if any(filename.endswith(extension) for extension in self.extensionlist):
            return True
        return False if self.strictExtension else None

    def ContentsValidator(self, filename: str) -> bool:
        return True


class ImportPhase(ImportBaseclass):
    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.Phase: dict[str, Any] | None = None
        self.SymOps: dict[str, Any] = {}
        self.Constraints = None


def set_new_phase(Name: str, SGData: dict[str, Any], cell: list[float]) -> dict[str, Any]:
    assert len(cell) == 7
    general = {"Name": Name, "Type": "nuclear", "SGData": SGData, "Cell": [False, *cell]}
    return {"ranId": random.randint(0, sys.maxsize), "General": general, "Atoms": [], "Histograms": {}}


def space_group(symbol: str) -> tuple[int, dict[str, Any]]:
    """Return 0 and the data of a group whose axes are separated by spaces."""
    known = gemmi.find_spacegroup_by_name(symbol)
    assert len(symbol.split()) in (2, 4) or symbol.startswith("R -3 m") or symbol in ("P 6/m m m", "P 4/m m m")
    return (0, {"SpGrp": symbol, "number": known.number}) if known else (2, {})


def cell_to_a(cell: list[float]) -> list[float]:
    return list(cell)


def volume(a: list[float]) -> float:
    return gemmi.UnitCell(*a).volume


class ExportBaseclass:
    def __init__(self, G2frame: Any, formatName: str, extension: str, longFormatName: str | None = None) -> None:
        self.G2frame = G2frame
        self.formatName, self.extension, self.longFormatName = formatName, extension, longFormatName
        self.exporttype: list[str] = []
        self.multiple = False
        self.Histograms: dict[str, Any] = {}
        self.histnam: list[str] = []
        self.filename: Any = None
        self.dirname = self.fullpath = ""
        self.fp: Any = None

    def InitExport(self, event: Any) -> None:
        self.filename, self.dirname = None, ""

    def loadTree(self) -> None:
        self.Histograms = self.G2frame.histograms

    def loadParmDict(self, computeSU: bool = False) -> None: ...

    def ExportSelect(self, AskFile: str = "ask") -> bool:
        """Choose all there are; a name is only asked for if it is one. Returns whether the user cancelled."""
        assert AskFile in ("ask", "dir", "single", "default", "default-dir")
        self.histnam = list(self.Histograms)
        self.dirname = self.G2frame.folder
        if len(self.histnam) == 1:
            self.filename = self.G2frame.answer
        return self.G2frame.answer is None

    def MakePWDRfilename(self, hist: str) -> str:
        return hist[5:].replace(" ", "_")

    def OpenFile(self, fil: str | None = None, mode: str = "w") -> Any:
        self.fullpath = os.path.abspath(fil or os.path.join(self.dirname, self.filename))
        self.fp = open(self.fullpath, mode)  # noqa: SIM115  # as there
        return self.fp

    def Write(self, line: str) -> None:
        self.fp.write(line + "\n")

    def CloseFile(self, fp: Any = None) -> None:
        self.fp.close()
        self.fp = None


class Frame(SimpleNamespace):
    """The main window: what is in the tree, and what the user answers."""

    histograms: dict[str, Any]
    folder: str
    answer: str | None


def modules(pick: int | None = 0, asked: list[list[str]] | None = None) -> dict[str, ModuleType]:
    """The modules by their names since GSAS-II is a package; *pick* is what the user chooses from a list."""

    def select(choices: list[str], ParentFrame: Any = None, title: str = "", size: Any = None) -> int | None:
        assert ParentFrame is not None
        if asked is not None:
            asked.append(choices)
        return pick

    contents: dict[str, dict[str, Any]] = {
        "GSASIIobj": {"ImportPhase": ImportPhase, "SetNewPhase": set_new_phase},
        "GSASIIspc": {"SpcGroup": space_group},
        "GSASIIlattice": {"cell2A": cell_to_a, "calc_V": volume},
        "GSASIIfiles": {"ExportBaseclass": ExportBaseclass},
        "GSASIIctrlGUI": {"PhaseSelector": select},
    }
    package = ModuleType("GSASII")
    found = {"GSASII": package}
    for name, content in contents.items():
        module = ModuleType(f"GSASII.{name}")
        vars(module).update(content)
        setattr(package, name, module)
        found[module.__name__] = module
    return found


def flat_modules() -> dict[str, Any]:
    """The same by the names they had before GSAS-II was a package, which is not there then."""
    flat = {name.removeprefix("GSASII."): module for name, module in modules().items() if "." in name}
    return {"GSASII": None, **flat}


def importers(module: ModuleType) -> list[Any]:
    """Return an object of each class that ``LoadImportRoutines`` would take for an importer."""
    members = [getattr(module, name) for name in dir(module) if not name.startswith("_")]
    methods = ("Reader", "ExtensionValidator", "ContentsValidator")
    return [member() for member in members if all(hasattr(member, method) for method in methods)]


def exporters(module: ModuleType, parent: Frame | None) -> list[Any]:
    """Return an object of each class that ``LoadExportRoutines`` would take for an exporter, scripted if no parent."""
    members = [getattr(module, name) for name in dir(module) if not name.startswith("_")]
    needed = "Writer" if parent is None else "loadParmDict"
    return [member(parent) for member in members if hasattr(member, "Exporter") and hasattr(member, needed)]


def instrument(**values: float) -> list[Any]:
    return [{name: [value, value, False] for name, value in values.items()}, {}]


def data(x: Any, y: Any, weight: Any) -> list[Any]:
    """A powder data set as GSAS-II holds it: masked arrays of position, intensity, weight and what is calculated."""
    columns = [np.asarray(x), np.asarray(y), np.asarray(weight)]
    return [np.ma.MaskedArray(column) for column in (*columns, *[np.zeros(len(columns[0]))] * 3)]


def load(path: Path) -> ModuleType:
    """Load a module from its file, as GSAS-II does those of the user."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
