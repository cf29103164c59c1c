"""How often the true lattice is found, and how long that takes, on simulated and on measured data."""
