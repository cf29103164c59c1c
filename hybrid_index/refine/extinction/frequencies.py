"""How often space groups occur: what is believed of a symbol before the pattern is looked at.

Counts of 1039 structures of open databases, inorganic and organic, one of each lattice: the half that benchmarks tune
on, counted by ``benchmarks.crystal_statistics.space_group_counts``. As everywhere in print, P 21/c leads, P -1 follows.
"""

from __future__ import annotations

UNSEEN = 0.3
"""Structures that each space group counts for beyond those that were met: rare ones occur too."""

COUNTS = {
    1: 36, 2: 100, 3: 3, 4: 17, 5: 11, 6: 5, 7: 4, 8: 6, 9: 14, 10: 2, 11: 11, 12: 42, 13: 6, 14: 108, 15: 43, 16: 1,
    17: 1, 18: 3, 19: 18, 20: 2, 21: 1, 24: 1, 25: 1, 26: 1, 28: 1, 29: 6, 31: 4, 32: 1, 33: 9, 36: 4, 38: 2, 39: 1,
    40: 1, 41: 1, 42: 1, 43: 3, 44: 6, 46: 1, 47: 5, 50: 1, 51: 7, 52: 2, 53: 1, 54: 1, 56: 2, 57: 2, 58: 6, 59: 5,
    60: 5, 61: 13, 62: 34, 63: 26, 64: 7, 65: 3, 66: 1, 67: 3, 69: 6, 70: 2, 71: 2, 72: 5, 73: 1, 74: 6, 75: 1, 76: 2,
    82: 4, 83: 1, 84: 1, 85: 1, 86: 3, 87: 4, 88: 9, 91: 1, 92: 2, 95: 1, 96: 1, 102: 1, 113: 1, 114: 1, 115: 3,
    119: 3, 120: 1, 121: 2, 122: 3, 123: 15, 124: 1, 125: 2, 127: 1, 129: 10, 130: 1, 131: 2, 132: 1, 134: 1, 136: 9,
    137: 2, 139: 21, 140: 4, 141: 4, 142: 2, 144: 2, 145: 1, 146: 6, 148: 16, 150: 4, 151: 1, 152: 4, 154: 4, 155: 1,
    156: 2, 157: 1, 158: 2, 159: 3, 160: 5, 161: 2, 162: 3, 163: 2, 164: 5, 165: 2, 166: 43, 167: 15, 169: 2, 173: 3,
    174: 1, 176: 5, 177: 1, 178: 2, 180: 2, 181: 2, 182: 1, 184: 1, 185: 1, 186: 15, 187: 2, 188: 1, 189: 3, 190: 6,
    191: 12, 193: 3, 194: 48, 197: 1, 198: 2, 199: 1, 202: 1, 203: 1, 204: 1, 205: 4, 206: 4, 207: 1, 211: 1, 212: 1,
    213: 2, 216: 1, 217: 1, 218: 1, 221: 8, 223: 2, 225: 11, 227: 3, 229: 8, 230: 3,
}  # fmt: skip


def occurrence(number: int) -> float:
    """How often space group *number* occurs, on no particular scale."""
    return UNSEEN + COUNTS.get(number, 0)
