# The time, for job types that are granted it (`grants.clock`).

from datetime import UTC, datetime, timedelta

from wasmill_sdk.host import interface

_host = interface("clock")


def now() -> datetime:
    """The time of day, in UTC, to the millisecond."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=_host.now_ms())


def monotonic_us() -> int:
    """Microseconds since some moment; never goes back."""
    return int(_host.monotonic_us())
