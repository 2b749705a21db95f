"""Floor 2: which files a cluster needs, where they come from, their digests, the cache."""
