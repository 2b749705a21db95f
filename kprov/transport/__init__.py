"""Floor 2: one connection per host, many channels over it. Nothing else knows SSH."""
