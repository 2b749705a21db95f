"""Floor 3: clusters that somebody else runs, behind one protocol (base.py)."""
