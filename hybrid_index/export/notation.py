"""Numbers as crystallographers print them: 5.4310(2) is 5.4310 with a standard uncertainty of 0.0002."""

from __future__ import annotations

import math


def with_esd(value: float, esd: float, *, digits: int = 4) -> str:
    """Format a value with its standard uncertainty, which is given as 2 to 19 units of the last decimal.

    Parameters
    ----------
    value, esd
        In the same unit. An *esd* of zero or NaN stands for a value that was not refined.
    digits
        Decimals of a value without uncertainty, trailing zeros dropped.

    Examples
    --------
    >>> with_esd(5.43102, 0.00021), with_esd(5.43102, 0.00016), with_esd(90.0, 0.0), with_esd(1234.5, 23.0)
    ('5.4310(2)', '5.43102(16)', '90', '1230(20)')
    """
    if not math.isfinite(value):
        return "–"
    if not (math.isfinite(esd) and esd > 0.0):
        text = f"{value:.{digits}f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    decimals = math.floor(math.log10(19.5 / esd))
    scaled = round(esd * 10.0**decimals)
    if decimals >= 0:
        return f"{value:.{decimals}f}({scaled})"
    return f"{round(value, decimals):.0f}({scaled * 10**-decimals})"
