"""The test bed: a mirror of real Kubernetes artefacts, built from Debian's own packages."""
