"""Floor 5: everything that a person sees. The only place that prints."""
