# What a secret is to a handler. Apart from `secrets`, so that `http` can take one without asking for any.

from typing import Any


class Secret:
    """A secret. Opaque: `http` takes it as it is, and it shows in no output."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    def reveal(self) -> str:
        """The value. From here on it is the handler's to guard."""
        return str(self._resource.reveal())

    def __repr__(self) -> str:
        return "Secret(…)"
