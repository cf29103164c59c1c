"""Determinant and minors of a reciprocal metric, for numbers, columns, tensors and kernels alike.

Q = A·h² + B·k² + C·l² + D·kl + E·hl + F·hk, so D, E and F are twice the scalar products; all in Å⁻².
"""

from __future__ import annotations

from typing import Any


def minors(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> tuple[Any, Any, Any]:
    """Return the squares of the direct edges a, b and c, each times the determinant (Å⁻⁴)."""
    return b * c - d * d / 4.0, a * c - e * e / 4.0, a * b - f * f / 4.0


def determinant(a: Any, b: Any, c: Any, d: Any, e: Any, f: Any) -> Any:
    """Return one over the square of the cell's volume (Å⁻⁶)."""
    return a * b * c + (d * e * f - a * d * d - b * e * e - c * f * f) / 4.0
