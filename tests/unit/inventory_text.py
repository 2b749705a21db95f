"""Inventories that several tests read."""

THREE_HOSTS = """\
cluster: {name: demo, kubernetes: v1.36.2}
all:
  children:
    kube_control_plane: {hosts: {cp1: {ansible_host: 192.0.2.11}}}
    kube_node: {hosts: {w1: {ansible_host: 192.0.2.21}, w2: {ansible_host: 192.0.2.22}}}
"""
"""One control plane and two workers."""
