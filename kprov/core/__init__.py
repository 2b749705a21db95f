"""Floor 1: pure functions on values: diff, order, batch, plan."""
