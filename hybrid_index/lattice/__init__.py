"""Lattice mathematics: cells, reduction, Bravais lattices, equality, derivative lattices, ambiguities."""

from hybrid_index.lattice.ambiguity import (
    AmbiguousPartner,
    ambiguous_partners,
    distinct_q,
    group_by_line_positions,
    line_positions_agree,
)
from hybrid_index.lattice.bravais import (
    ConventionalSetting,
    bravais_lattices,
    conventional,
    fitting_metrics,
    holohedry_order,
    standardize,
)
from hybrid_index.lattice.cell import (
    BRAVAIS_LATTICES,
    CRYSTAL_SYSTEMS,
    BravaisLattice,
    Cell,
    direct_grams,
    gram_from_metric,
    is_positive_definite,
    metric_from_gram,
    metric_subspace,
    primitive_basis,
    primitive_gram,
)
from hybrid_index.lattice.compare import (
    cluster_lattices,
    same_lattice,
    same_shortest_vectors,
    shortest_lengths,
    voronoi_lengths,
)
from hybrid_index.lattice.convert import from_pymatgen, to_pymatgen
from hybrid_index.lattice.derivative import derivative_relation, hermite_normal_forms, sublattices, superlattices
from hybrid_index.lattice.reduction import (
    is_niggli_reduced,
    is_selling_reduced,
    niggli_reduce,
    reduced_cell,
    selling_reduce,
)

__all__ = [
    "BRAVAIS_LATTICES",
    "CRYSTAL_SYSTEMS",
    "AmbiguousPartner",
    "BravaisLattice",
    "Cell",
    "ConventionalSetting",
    "ambiguous_partners",
    "bravais_lattices",
    "cluster_lattices",
    "conventional",
    "derivative_relation",
    "direct_grams",
    "distinct_q",
    "fitting_metrics",
    "from_pymatgen",
    "gram_from_metric",
    "group_by_line_positions",
    "hermite_normal_forms",
    "holohedry_order",
    "is_niggli_reduced",
    "is_positive_definite",
    "is_selling_reduced",
    "line_positions_agree",
    "metric_from_gram",
    "metric_subspace",
    "niggli_reduce",
    "primitive_basis",
    "primitive_gram",
    "reduced_cell",
    "same_lattice",
    "same_shortest_vectors",
    "selling_reduce",
    "shortest_lengths",
    "standardize",
    "sublattices",
    "superlattices",
    "to_pymatgen",
    "voronoi_lengths",
]
