# What a handler may use: `from wasmill_sdk import Reject, Retry, handler`, and the modules beside this file by name. A
# module that a handler does not import is not in its component, so that its job type needs no grant for it.
"""Write a Wasmill handler as a function from a job to an answer."""

from wasmill_sdk.entry import handler
from wasmill_sdk.failure import HostError, Reject, Retry

__all__ = ["HostError", "Reject", "Retry", "handler"]
