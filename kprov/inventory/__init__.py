"""Floor 3: load, merge and validate what people write."""
