"""Floor 2: the only place that speaks SSH."""
