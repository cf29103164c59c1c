"""The order in which people put names with numbers in them."""

from __future__ import annotations

import re

_DIGITS = re.compile(r"(\d+)")


def natural_key(text: str) -> list[tuple[int, str]]:
    """Return a key that sorts numbers in names by their value: scan_9 before scan_10."""
    parts = _DIGITS.split(text)
    return [(int(part), "") if part.isascii() and part.isdigit() else (-1, part.casefold()) for part in parts]
