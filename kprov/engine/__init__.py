"""Floor 4: gather, plan, apply. The only place with threads."""
