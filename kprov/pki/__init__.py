"""Floor 2: certificate authorities, certificates, kubeconfigs."""
