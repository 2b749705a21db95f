"""Floor 1: values to POSIX shell text and back. Pure."""
