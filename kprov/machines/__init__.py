"""Floor 3: local machines on this computer."""
