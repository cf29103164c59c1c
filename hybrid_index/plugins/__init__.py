"""The package inside other programs: modules for GSAS-II, jobs for jobflow, lattices for pymatgen."""
