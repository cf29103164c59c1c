"""How long a command takes and how much memory, whole processes from start to end, against what was promised."""
