"""The script for GSAS-II, with places (``@NAME@``) for what is known of a pattern.

Its names are those of GSAS-II's ``GSASIIscriptable`` (AdvancedPhotonSource/GSAS-II at commit 51942df1, 2025). What
could go wrong, and does not:

- A phase without atoms cannot come from a CIF; ``add_phase`` takes space group and cell as they are.
- A refinement by script never starts a Le Bail extraction anew; ``DoLeBail`` does, if ``newLeBail`` is set.
- The scale factor is free by default, and is no determinable parameter when intensities are.
- New phases broaden lines by 1 µm and 0.1 % strain, on top of the instrument's widths, which here are those of the
  sample as well.
- A failed refinement raises nothing; it leaves no covariances.
"""

from __future__ import annotations

SCRIPT = '''"""Le Bail fit with GSAS-II: @TITLE@.

Made by @MADE_BY@. Run it with the Python that GSAS-II runs with; the project appears beside it.
"""

from importlib import import_module
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
SPACE_GROUP = @SPACE_GROUP@
CELL = @CELL@  # a, b, c in angstrom, alpha, beta, gamma in degrees
LIMITS_DEG = @LIMITS_DEG@
DISPLACEMENT_UM = @DISPLACEMENT_UM@
BACKGROUND = @BACKGROUND@  # Chebyshev coefficients
SHIFT = @SHIFT@  # the one of zero and displacement that is refined
MOST_REPEATS = 5
STEPS = (
    ("background", {"Background": True}),
    ("shift of the lines", {SHIFT[0]: [SHIFT[1]]}),
    ("cell", {"Cell": True}),
    ("widths", {"Instrument Parameters": ["W", "X"]}),
    ("angle-dependent widths", {"Instrument Parameters": ["U", "Y"]}),
)


def scriptable():
    """GSAS-II's scripting interface, from a package, a shortcut or a folder on the path."""
    for name in ("GSASII.GSASIIscriptable", "G2script", "GSASIIscriptable"):
        try:
            return import_module(name)
        except ImportError:
            continue
    raise SystemExit("GSAS-II is not installed in this Python: run the script with the one that GSAS-II brings along")


def extract(G2sc, project):
    """Find the first intensities, with everything else held; returns the residual in percent."""
    project["Controls"]["data"]["newLeBail"] = True
    project.save()
    succeeded, outcome = G2sc.G2strMain.DoLeBail(project.filename, cycles=20)
    project.reload()
    if not succeeded:
        raise SystemExit(f"the Le Bail extraction failed: {outcome.get('msg', 'see above')}")
    return outcome["Rwp"]


def refine(project, step):
    """Refine what is free, or stop: a step that failed would spoil those after it."""
    project["Covariance"]["data"] = {}
    project.refine()
    if not project["Covariance"]["data"]:
        raise SystemExit(f"the refinement of step {step!r} failed; {project.filename} holds the one before")


def main():
    """Make the project, fit it in steps, and print what came out."""
    G2sc = scriptable()
    G2sc.SetPrintLevel("warn")
    project = G2sc.G2Project(newgpx=str(FOLDER / "hybrid_index.gpx"))
    project.set_Controls("cycles", 10)
    histogram = project.add_powder_histogram(
        str(FOLDER / "pattern.xye"), str(FOLDER / "instrument.instprm"), fmthint="xye"
    )
    histogram.set_refinements({"Limits": LIMITS_DEG})
    histogram.set_refinements(
        {
            "Background": {
                "type": "chebyschev-1",
                "no. coeffs": len(BACKGROUND),
                "coeffs": list(BACKGROUND),
                "refine": False,
            }
        }
    )
    histogram.clear_refinements({"Sample Parameters": ["Scale"]})
    histogram.SampleParameters["Shift"] = [DISPLACEMENT_UM, False]
    phase = project.add_phase(phasename=@PHASE@, spacegroup=SPACE_GROUP, cell=CELL, histograms=[histogram])
    phase.setSampleProfile(histogram, "size", "isotropic", 10.0)
    phase.setSampleProfile(histogram, "microstrain", "isotropic", 1.0)
    phase.set_refinements({"LeBail": True})
    print(f"start: wR = {extract(G2sc, project):.2f} %")
    for step, flags in STEPS:
        project.set_refinement({"set": flags})
        refine(project, step)
        print(f"{step} freed: wR = {histogram.get_wR():.2f} %")
    for again in range(MOST_REPEATS):  # intensities follow the profile one cycle behind
        before = histogram.get_wR()
        refine(project, "everything")
        if before - histogram.get_wR() < 0.001 * before:
            break
    print(f"at rest after {again + 1} more: wR = {histogram.get_wR():.2f} %")
    project.save()
    for parameter, value in phase.get_cell().items():
        print(f"{parameter} = {value:.5f}")
    print(f"zero = {histogram.InstrumentParameters['Zero'][1]:.4f} degrees")
    print(f"displacement = {histogram.SampleParameters['Shift'][0]:.1f} micrometre")
    print(f"project: {project.filename}")


if __name__ == "__main__":
    main()
'''
