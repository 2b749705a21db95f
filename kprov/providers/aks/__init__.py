"""Azure Kubernetes Service. Pure but for client.py and what uses it; the SDK is imported there."""
