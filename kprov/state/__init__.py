"""Floor 2: the state folder beside the inventory, the journal, the lock."""
