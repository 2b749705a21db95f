"""The CIS Kubernetes Benchmark as far as it is about nodes and control planes.

Numbers are those of version 1.11; titles are ours. https://www.cisecurity.org/benchmark/kubernetes
"""
