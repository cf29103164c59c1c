"""PANalytical XRDML: XML with start and end of 2θ (or all positions) and a list of intensities per scan."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np

from hybrid_index.io.archive import parse_xml, xml_number, xml_text
from hybrid_index.io.numbers import floats
from hybrid_index.io.radiation import doublet
from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source
from hybrid_index.units import FloatArray


def is_xrdml(source: Source) -> bool:
    """Whether the document is an ``xrdMeasurements`` one, or by its name should be."""
    return "<xrdMeasurement" in source.head[:20_000] or (
        source.text is not None and source.path.suffix.lower() == ".xrdml"
    )


def read_xrdml(source: Source) -> list[Scan]:
    """Read all scans along 2θ."""
    root = parse_xml(source, source.data)
    scans: list[Scan] = []
    for measurement in root.iter("xrdMeasurement"):
        intended = next((w.get("intended", "") for w in measurement.iter("usedWavelength")), "")
        ka1_only = intended.strip().lower() == "k-alpha 1"
        radiation = doublet(
            xml_number(measurement, "kAlpha1"),
            None if ka1_only else xml_number(measurement, "kAlpha2"),
            0.0 if ka1_only else xml_number(measurement, "ratioKAlpha2KAlpha1"),
            anode=xml_text(measurement, "anodeMaterial"),
        )
        for points in measurement.iter("dataPoints"):
            y = _intensity(points)
            x = _two_theta(points, y.size)
            if x is not None and y.size:
                scans.append(Scan(x=x, intensity=y, radiation=radiation, title=xml_text(root, "name", "id")))
    if not scans:
        raise source.error("holds no scan along 2θ; export a 2θ or Gonio scan")
    return scans


def _intensity(points: ElementTree.Element) -> FloatArray:
    """Apply attenuation factors to counts; intensities carry them already."""
    y = np.array(floats(xml_text(points, "intensities", "counts")), dtype=np.float64)
    factors = np.array(floats(xml_text(points, "beamAttenuationFactors")), dtype=np.float64)
    attenuated = next(points.iter("counts"), None) is not None and factors.shape == y.shape
    return y * factors if attenuated else y


def _two_theta(points: ElementTree.Element, n: int) -> FloatArray | None:
    for positions in points.iter("positions"):
        if positions.get("axis") != "2Theta":
            continue
        listed = floats(xml_text(positions, "listPositions"))
        if len(listed) == n and n:
            return np.array(listed, dtype=np.float64)
        start, end = xml_number(positions, "startPosition"), xml_number(positions, "endPosition")
        if start is not None and end is not None and n > 1:
            return np.linspace(start, end, n)
    return None
