"""Limits of tags, the same for everything.

Source: https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
"""

from __future__ import annotations

import re

from tests.azure.arm_errors import Refusal

_MAX_TAGS = 50


def check_tags(tags: dict[str, str]) -> None:
    """How many, and how long; names have reserved characters."""
    if len(tags) > _MAX_TAGS:
        raise Refusal(
            400,
            "InvalidTags",
            f"The number of tags '{len(tags)}' is greater than the maximum of '{_MAX_TAGS}'.",
            by_arm=True,
        )
    for name, value in tags.items():
        if not name or len(name) > 512 or re.search(r"[<>%&\\?/]", name):
            raise Refusal(
                400,
                "InvalidTagNameCharacters",
                f"The tag name '{name}' is too long or has reserved characters '<>%&\\?/'.",
                by_arm=True,
            )
        if len(value) > 256:
            raise Refusal(
                400,
                "TagValueTooLong",
                f"The value of tag '{name}' has more than 256 characters.",
                by_arm=True,
            )
