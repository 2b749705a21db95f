"""Published checksum files, in all the forms that upstream projects use."""

from __future__ import annotations

import re

_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
# sha256sum(1): digest, a space, a space or `*` for binary mode, the file's name.
_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(\S.*?)\s*")


def find_digest(text: str, file_name: str) -> str | None:
    """The sha256 of `file_name` in a checksum file, lower case; None when it is not in there.

    Either the file is the digest alone (Kubernetes, crictl), or it has one line for each file
    (etcd, containerd, runc, CNI plugins); a signature around the lines is passed over.
    """
    alone = text.strip()
    if _DIGEST.fullmatch(alone):
        return alone.lower()
    for line in text.splitlines():
        match = _LINE.fullmatch(line)
        if match and match[2].rpartition("/")[2] == file_name:
            return match[1].lower()
    return None
