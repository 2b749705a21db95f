"""Floor 3: what brings a cluster up: machines over SSH, or a managed service."""
