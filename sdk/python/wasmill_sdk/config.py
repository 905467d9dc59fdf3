# Settings of the job type, as its route says (`grants.config`). They are no secrets: they stand in the catalog.

from wasmill_sdk.failure import Reject
from wasmill_sdk.host import interface

_host = interface("config")


def get(name: str) -> str | None:
    """The value of a setting; None if the route has no such setting."""
    value: str | None = _host.get(str(name))
    return value


def require(name: str) -> str:
    """The value of a setting; rejects the job if the route has no such setting."""
    value = get(name)
    if value is None:
        raise Reject(f"the route has no setting `{name}`")
    return value


def names() -> list[str]:
    """The names of all settings, in order."""
    return list(_host.names())
