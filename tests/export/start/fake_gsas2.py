"""As much of GSAS-II's ``GSASIIscriptable`` as a start script may use, and not a name more.

Written from AdvancedPhotonSource/GSAS-II: GSASIIscriptable.py at commit 51942df1, GSASIIfiles.ReadInstprm,
GSASIIobj.SetDefaultSample, GSASIIstrMain.DoLeBail and Refine, GSASIImath.SetDefaultDData (2025). Names, arguments and
keys are the real ones, and what the real one refuses this one refuses; nothing is fitted.
"""

from __future__ import annotations

from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HISTOGRAM_KEYS = ("Limits", "Sample Parameters", "Background", "Instrument Parameters")
PHASE_KEYS = ("Cell", "Atoms", "LeBail")
INSTRUMENT_KEYS = {
    "Type", "Bank", "Lam", "Lam1", "Lam2", "I(L2)/I(L1)", "Polariz.", "Azimuth", "Zero", "U", "V", "W", "X", "Y", "Z",
    "SH/L", "Source",
}  # fmt: skip
BACKGROUND_TYPES = ("chebyschev", "chebyschev-1", "cosine", "Q^2 power series", "Q^-2 power series")


def read_instprm(lines: list[str]) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """Instrument and sample parameters, as ``ReadInstprm`` finds them in a file of one bank."""
    if "GSAS-II" not in lines[0]:
        raise ValueError("Not a valid GSAS-II instprm file")
    instrument: dict[str, list[Any]] = {}
    sample: dict[str, Any] = {}
    for line in lines:
        if line[0] == "#":
            assert "Bank" not in line  # else it would be the heading of one of several banks
            continue
        for item in line.replace(" ", "").strip().split(";"):
            key, text = item.split(":", 1)
            value: Any = text
            with suppress(ValueError):
                value = float(text)
            if key == "Gonio.radius":
                sample["Gonio. radius"] = float(value)
            elif key == "Diff-type":
                sample["Type"] = value
            else:
                assert key in INSTRUMENT_KEYS, key
                instrument[key] = [value, value, False]
    shifts = {
        "Bragg-Brentano": ("Shift", "Transparency", "SurfRoughA", "SurfRoughB"),
        "Debye-Scherrer": ("Absorption", "DisplaceX", "DisplaceY"),
    }[sample.setdefault("Type", "Bragg-Brentano" if "Lam1" in instrument else "Debye-Scherrer")]
    return instrument, {**{name: [0.0, False] for name in shifts}, **sample}


class _Wrapper:
    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data

    def __getitem__(self, key: str) -> Any:
        return self.data[key]


class G2PwdrData(_Wrapper):
    def __init__(self, data: dict[str, Any], name: str) -> None:
        super().__init__(data)
        self.name = name

    @property
    def SampleParameters(self) -> dict[str, Any]:
        return self.data["Sample Parameters"]  # type: ignore[no-any-return]

    @property
    def InstrumentParameters(self) -> dict[str, list[Any]]:
        return self.data["Instrument Parameters"][0]  # type: ignore[no-any-return]

    def get_wR(self) -> float | None:
        return self.data["data"][0].get("wR")  # type: ignore[no-any-return]

    def set_refinements(self, refs: dict[str, Any]) -> None:
        for key, value in refs.items():
            if key == "Limits":
                low, high = value
                whole = self.data["Limits"][0]
                assert whole[0] <= low < high <= whole[1]
                self.data["Limits"][1] = [low, high]
            elif key == "Sample Parameters":
                for name in value:
                    if name not in self.SampleParameters:
                        raise ValueError("Unknown refinement parameter, " + name)
                    self.SampleParameters[name][1] = True
            elif key == "Background":
                self._set_background(value)
            elif key == "Instrument Parameters":
                for name in value:
                    self.data["Instrument Parameters"][0][name][2] = True
            else:
                raise ValueError("Unknown key:", key)

    def _set_background(self, value: Any) -> None:
        background = self.data["Background"][0]
        if value in (True, False):
            background[1] = value
            return
        assert set(value) <= {"type", "refine", "no. coeffs", "coeffs", "FixedPoints", "fit fixed points", "peaks"}
        assert value["type"] in BACKGROUND_TYPES
        assert len(value["coeffs"]) == value["no. coeffs"]
        background[:] = [value["type"], value["refine"], value["no. coeffs"], *value["coeffs"]]

    def clear_refinements(self, refs: dict[str, Any]) -> None:
        assert set(refs) <= set(HISTOGRAM_KEYS)
        for name in refs.get("Sample Parameters", ()):
            self.SampleParameters[name][1] = False


class G2Phase(_Wrapper):
    def __init__(self, data: dict[str, Any], name: str) -> None:
        super().__init__(data)
        self.name = name

    def set_refinements(self, refs: dict[str, Any]) -> None:
        for key, value in refs.items():
            if key == "Cell":
                self.data["General"]["Cell"][0] = value
            elif key == "LeBail":
                for linked in self.data["Histograms"].values():
                    linked["LeBail"] = bool(value)
            else:
                raise ValueError("Unknown key:", key)

    def setSampleProfile(self, histname: Any, parmType: str, mode: str, val1: float) -> None:
        key = {"s": "Size", "m": "Mustrain"}[parmType[0]]
        assert mode.startswith("i")
        self.data["Histograms"][histname.name][key][1][0] = float(val1)

    def get_cell(self) -> dict[str, float]:
        names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma", "volume")
        return dict(zip(names, self.data["General"]["Cell"][1:], strict=True))


class G2Project(_Wrapper):
    """A project; the last one made is :attr:`last`, and says in :attr:`log` what was free when it was refined."""

    last: G2Project
    fails_at: str = ""

    def __init__(
        self, gpxfile: str | None = None, author: str | None = None, filename: str | None = None, newgpx: str = ""
    ) -> None:
        assert gpxfile is filename is None
        controls = {"newLeBail": False, "max cyc": 3}
        super().__init__({"Controls": {"data": controls}, "Covariance": {"data": {}}, "Phases": {}})
        self.filename = newgpx
        self.log: list[list[str]] = []
        self.saved: dict[str, Any] = {}
        type(self).last = self

    def set_Controls(self, control: str, value: Any) -> None:
        assert control in ("cycles", "sequential", "Reverse Seq", "seqCopy", "constraintMode")
        self.data["Controls"]["data"]["max cyc"] = value

    def add_powder_histogram(self, datafile: str, iparams: str, phases: Any = (), fmthint: str = "") -> G2PwdrData:
        assert fmthint in "Topas xye/qye or 2th Fit2D chi/qchi"
        lines = [line for line in Path(datafile).read_text().splitlines() if line[0] not in "'#!"]
        points = [[float(text) for text in line.split()] for line in lines]
        assert all(len(point) == 3 for point in points)
        instrument, sample = read_instprm(Path(iparams).read_text().splitlines(keepends=True))
        ends = (points[0][0], points[-1][0])
        defaults = {"Scale": [1.0, True], "Gonio. radius": 200.0}
        name = f"PWDR {Path(datafile).name}"
        self.data[name] = {
            "data": [{}, points],
            "Limits": [ends, list(ends)],
            "Background": [["chebyschev-1", False, 3, 1.0, 0.0, 0.0], {}],
            "Instrument Parameters": [instrument, {}],
            "Sample Parameters": {**defaults, **sample},
        }
        return G2PwdrData(self.data[name], name)

    def add_phase(
        self,
        phasefile: None = None,
        phasename: str = "",
        histograms: Any = (),
        fmthint: None = None,
        mag: bool = False,
        spacegroup: str = "P 1",
        cell: Any = None,
    ) -> G2Phase:
        assert phasefile is None  # a file would have to hold atoms
        assert phasename
        assert len(cell) == 6
        linked = {"LeBail": False, "Use": True, "Scale": [1.0, False]}
        linked["Size"] = ["isotropic", [1.0, 1.0, 1.0], [False, False, False]]
        linked["Mustrain"] = ["isotropic", [1000.0, 1000.0, 1.0], [False, False, False]]
        self.data["Phases"][phasename] = {
            "General": {"Name": phasename, "SGData": {"SpGrp": spacegroup}, "Cell": [False, *cell, 1.0]},
            "Histograms": {histogram.name: deepcopy(linked) for histogram in histograms},
        }
        return G2Phase(self.data["Phases"][phasename], phasename)

    def histograms(self) -> list[G2PwdrData]:
        return [G2PwdrData(self.data[name], name) for name in self.data if name.startswith("PWDR ")]

    def phases(self) -> list[G2Phase]:
        return [G2Phase(data, name) for name, data in self.data["Phases"].items()]

    def set_refinement(self, refinement: dict[str, Any]) -> None:
        for key, value in refinement["set"].items():
            if key in HISTOGRAM_KEYS:
                for histogram in self.histograms():
                    histogram.set_refinements({key: value})
            elif key in PHASE_KEYS:
                for phase in self.phases():
                    phase.set_refinements({key: value})
            else:
                raise ValueError("Unknown refinement key", key)

    def free(self) -> list[str]:
        """What would be refined now."""
        names = []
        for histogram in self.histograms():
            names += ["Background"] if histogram["Background"][0][1] else []
            names += [n for n, v in histogram.SampleParameters.items() if isinstance(v, list) and v[1]]
            names += [n for n, v in histogram["Instrument Parameters"][0].items() if v[2]]
        return names + ["Cell"] * any(phase["General"]["Cell"][0] for phase in self.phases())

    def save(self, filename: str | None = None) -> None:
        self.saved = deepcopy(self.data)

    def refine(self, newfile: None = None, printFile: None = None, makeBack: bool = False) -> None:
        self.save()
        free = self.free()
        self.log.append(free)
        if self.fails_at in free:
            return  # prints, and raises nothing
        assert self.data["Controls"]["data"]["newLeBail"] is False
        self.data["Covariance"]["data"] = {"varyList": free}
        self._set_residual()

    def reload(self) -> None:
        pass

    def _set_residual(self) -> None:
        for histogram in self.histograms():
            histogram["data"][0]["wR"] = max(30.0 / (1.0 + len(self.log)), 3.5)


def _do_le_bail(GPXfile: str, dlg: None = None, cycles: int = 10) -> tuple[bool, dict[str, Any]]:
    project = G2Project.last
    assert GPXfile == project.filename
    assert project.saved["Controls"]["data"]["newLeBail"] is True  # it works on the file
    linked = [link for phase in project.saved["Phases"].values() for link in phase["Histograms"].values()]
    if not any(link["LeBail"] for link in linked):
        return False, {"msg": "Warning: There are no histograms with LeBail extraction enabled"}
    project.log.append(["Le Bail"])
    project.data["Controls"]["data"]["newLeBail"] = False
    project._set_residual()
    return True, {"Rwp": 30.0}


def SetPrintLevel(level: str) -> None:
    assert level in ("all", "warn", "error", "none")


G2strMain = SimpleNamespace(DoLeBail=_do_le_bail)
