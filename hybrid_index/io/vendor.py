"""Vendor formats that geddes reads (binary Bruker .raw, .brml and others): columns without the radiation.

geddes (https://pypi.org/project/geddes) detects formats by content; a result of few points is a wrong guess.
"""

from __future__ import annotations

import numpy as np

from hybrid_index.io.scan import Scan
from hybrid_index.io.source import Source
from hybrid_index.units import Radiation

MIN_POINTS = 100


def is_binary(source: Source) -> bool:
    """Whether the bytes are no text: only a vendor library may know them."""
    return source.text is None


def read_vendor(source: Source) -> list[Scan]:
    """Read whatever geddes recognises."""
    return [vendor_scan(source, kind="a format known here")]


def vendor_scan(source: Source, *, kind: str, radiation: Radiation | None = None) -> Scan:
    """Read one scan with geddes, or raise :class:`FileFormatError` saying what *kind* was expected."""
    import geddes

    try:
        pattern = geddes.read_bytes(source.data, source.path.name)
        x, y = np.array(pattern.x, dtype=np.float64), np.array(pattern.y, dtype=np.float64)
    except (ValueError, OSError, RuntimeError, TypeError) as error:
        raise source.error(f"cannot be read as {kind} ({_reason(error)}); export it as two columns of text") from error
    except BaseException as error:
        # A panic in the library's native code arrives as a class that is no Exception and cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise source.error(f"cannot be read as {kind} (damaged); export it as two columns of text") from error
    if x.size < MIN_POINTS or x.shape != y.shape:
        raise source.error(f"gives only {x.size} points when read as {kind}; export it as two columns of text")
    return Scan(x=x, intensity=y, radiation=radiation)


def _reason(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0][:120] if text else type(error).__name__
