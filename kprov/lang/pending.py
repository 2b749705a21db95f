"""What is not known before the hosts were looked at: whoever asks for it learns that it is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn


class FactsPendingError(Exception):
    """Something was asked for that only a look at a host can tell; `what` names it."""

    def __init__(self, what: str = "facts") -> None:
        super().__init__(f"{what} are not there yet")
        self.what = what


class Pending:
    """Stands for what is not there yet: whatever is asked of it raises FactsPendingError."""

    def __init__(self, what: str = "facts") -> None:
        # past __getattr__, which answers for every name that is not there
        object.__setattr__(self, "_what", what)

    def _pending(self, *_: object) -> NoReturn:
        raise FactsPendingError(object.__getattribute__(self, "_what"))

    def __getattr__(self, name: str) -> NoReturn:
        self._pending()

    __getitem__ = __iter__ = __str__ = __bool__ = __len__ = __contains__ = __call__ = _pending
    __int__ = __float__ = __index__ = __add__ = __radd__ = __mod__ = __rmod__ = _pending
    __sub__ = __rsub__ = __mul__ = __rmul__ = __eq__ = __ne__ = _pending
    __lt__ = __le__ = __gt__ = __ge__ = _pending
    __hash__ = None  # type: ignore[assignment]


def settled(value: Any) -> Any:
    """`value` as it is; FactsPendingError when something in it is Pending."""
    if isinstance(value, Pending):
        str(value)
    if isinstance(value, Mapping):
        for item in value.values():
            settled(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            settled(item)
    return value
