# Secrets of the job type (`grants.secrets` names them).

from wasmill_sdk.failure import HostError
from wasmill_sdk.host import faults, interface
from wasmill_sdk.secret import Secret

__all__ = ["Secret", "get"]

_host = interface("secrets")
_faults = faults()


def get(name: str) -> Secret:
    """The secret of this name; the error rejects the job if its type has no grant for it."""
    try:
        return Secret(_host.get(str(name)))
    except _faults:
        message = f"the job type has no grant for a secret `{name}`; its route names them in `grants.secrets`"
        raise HostError("denied", message, rejects=True) from None
