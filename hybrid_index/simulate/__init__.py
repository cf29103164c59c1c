"""From a crystal structure to lines, patterns, and peak lists as bad as real ones."""

from hybrid_index.simulate.conditions import CONDITIONS, Condition, DrawnList, draw_peak_list, observable_lines
from hybrid_index.simulate.crystals import Crystals, KnownCrystal
from hybrid_index.simulate.line_list_settings import LineListSettings, Source
from hybrid_index.simulate.line_list_tables import LineListTables
from hybrid_index.simulate.line_lists import LineLists, draw_line_lists
from hybrid_index.simulate.lines import Lines, powder_lines
from hybrid_index.simulate.mixture import mixture_lines
from hybrid_index.simulate.pattern import simulate_pattern
from hybrid_index.simulate.profile import Background, Profile
from hybrid_index.simulate.structure import Site, Structure
from hybrid_index.simulate.synthetic import synthetic_crystal
from hybrid_index.simulate.texture import Texture

__all__ = [
    "CONDITIONS",
    "Background",
    "Condition",
    "Crystals",
    "DrawnList",
    "KnownCrystal",
    "LineListSettings",
    "LineListTables",
    "LineLists",
    "Lines",
    "Profile",
    "Site",
    "Source",
    "Structure",
    "Texture",
    "draw_line_lists",
    "draw_peak_list",
    "mixture_lines",
    "observable_lines",
    "powder_lines",
    "simulate_pattern",
    "synthetic_crystal",
]
