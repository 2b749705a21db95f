"""Floor 0: the frozen values everything else speaks in."""
