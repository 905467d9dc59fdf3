# Random numbers from the host's own source, fit for keys, for job types that are granted it (`grants.random`).

import builtins

from wasmill_sdk.host import interface

_host = interface("random")

# As much as the host gives in one call.
_CALL_BYTES_MAX = 64 << 10


def bytes(count: int) -> builtins.bytes:
    """So many random bytes."""
    parts = (min(_CALL_BYTES_MAX, count - at) for at in range(0, count, _CALL_BYTES_MAX))
    return b"".join(_host.bytes(part) for part in parts)


def number() -> int:
    """64 random bits."""
    return int(_host.number())
