"""Floor 3: real machines on this computer, by systemd-nspawn, for `kprov local` and the tests.

Names follow the thing: a cluster's machines share a bridge; what runs is found by marks the kernel
keeps (control group names, the bridge's MAC address), so `down` needs no memory of `up`.
"""

from kprov.machines.keys import private_key
from kprov.machines.lifecycle import down, listing, start, stop, up
from kprov.machines.requirements import missing_packages
from kprov.machines.values import Listed, LocalSpec, Machine, Network, Started, problems

__all__ = [
    "Listed",
    "LocalSpec",
    "Machine",
    "Network",
    "Started",
    "down",
    "listing",
    "missing_packages",
    "private_key",
    "problems",
    "start",
    "stop",
    "up",
]
