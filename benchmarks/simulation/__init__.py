"""Whether the simulator is right, against pymatgen, and how fast it is."""
