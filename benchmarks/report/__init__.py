"""How long reports of large runs take to write and to open, and how fast known phases are found."""
