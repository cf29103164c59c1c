"""GSAS-II exporters: a pattern, or its fitted peaks, in files that ``hybrid-index index`` reads with the wavelength.

In GSAS-II: Export / Powder data as. The pattern can be exported from scripts as well.
"""

from __future__ import annotations

import json
import math
import os

try:
    from GSASII import GSASIIfiles as G2fil
except ImportError:  # before GSAS-II was a package
    import GSASIIfiles as G2fil

_FWHM_PER_SIGMA = math.sqrt(8.0 * math.log(2.0))


class ExportHybridIndexPattern(G2fil.ExportBaseclass):
    """Writes 2θ, intensity and uncertainty, with the wavelengths in a comment."""

    def __init__(self, G2frame):
        super().__init__(
            G2frame=G2frame,
            formatName="hybrid_index pattern",
            extension=".xye",
            longFormatName="Export powder data for indexing with hybrid_index",
        )
        self.exporttype = ["powder"]
        self.multiple = True

    def Writer(self, TreeName, filename=None):
        """Write one histogram."""
        histogram = self.Histograms[TreeName]
        self.OpenFile(filename)
        self.Write("# " + _wavelengths(histogram["Instrument Parameters"][0]))
        self.Write("# two_theta intensity sigma")
        x, y, weight = (list(column) for column in histogram["Data"][:3])
        for position, intensity, w in zip(x, y, weight):
            if w > 0.0:  # points without weight are excluded or empty
                self.Write(f"{position:.6f} {intensity:.8g} {1.0 / math.sqrt(w):.6g}")
        self.CloseFile()

    def Exporter(self, event=None):
        """Ask what to export, and write it."""
        _export(self, event)


class ExportHybridIndexPeaks(G2fil.ExportBaseclass):
    """Writes the peaks that were fitted, with uncertainties and widths, as JSON."""

    def __init__(self, G2frame):
        super().__init__(
            G2frame=G2frame,
            formatName="hybrid_index peaks",
            extension=".json",
            longFormatName="Export fitted peaks for indexing with hybrid_index",
        )
        self.exporttype = ["powder"]
        self.multiple = True

    def Exporter(self, event=None):
        """Ask what to export, and write it."""
        _export(self, event)

    def _write(self, tree_name):
        histogram = self.Histograms[tree_name]
        peaks = histogram["Peak List"]
        rows = sorted(enumerate(peaks["peaks"]), key=lambda row: row[1][0])
        instrument = histogram["Instrument Parameters"][0]
        content = {
            "wavelength": instrument["Lam1" if "Lam1" in instrument else "Lam"][1],
            "two_theta": [float(peak[0]) for _, peak in rows],
            "intensity": [float(peak[2]) for _, peak in rows],
            # a position that was not refined has no uncertainty
            "esd": [peaks["sigDict"].get(f"pos{place}") for place, _ in rows],
            "fwhm": [_fwhm_deg(float(peak[4]), float(peak[6])) for _, peak in rows],
        }
        self.OpenFile()
        self.Write(json.dumps(content))
        self.CloseFile()


def _export(exporter, event):
    exporter.InitExport(event)
    exporter.loadTree()
    if exporter.ExportSelect(AskFile="single"):
        return
    for tree_name in exporter.histnam:
        if len(exporter.histnam) > 1:
            exporter.filename = exporter.MakePWDRfilename(tree_name)
        exporter.filename = os.path.splitext(exporter.filename)[0] + exporter.extension
        if hasattr(exporter, "Writer"):
            exporter.Writer(tree_name)
        else:
            exporter._write(tree_name)
        print(f"{tree_name} written to {exporter.fullpath}")


def _wavelengths(instrument):
    """What the radiation is, in words that hybrid_index reads."""
    if "Lam1" not in instrument:
        return f"wavelength = {instrument['Lam'][1]:.7g}"
    ratio = instrument["I(L2)/I(L1)"][1]
    return (
        f"Kalpha1 = {instrument['Lam1'][1]:.7g} Kalpha2 = {instrument['Lam2'][1]:.7g} "
        f"ratio Kalpha2/Kalpha1 = {ratio:.4g}"
    )


def _fwhm_deg(variance, gamma):
    """Width in degrees of a peak of GSAS-II, which counts in centidegrees (Thompson, Cox & Hastings 1987)."""
    gauss, lorentz = _FWHM_PER_SIGMA * math.sqrt(max(variance, 0.0)), max(gamma, 0.0)
    factors = (1.0, 2.69269, 2.42843, 4.47163, 0.07842, 1.0)
    return sum(c * gauss ** (5 - i) * lorentz**i for i, c in enumerate(factors)) ** 0.2 / 100.0
