# Child jobs, of the types that the job type is granted (`grants.emit`). They are published in the step that completes
# this job, and only then; their ids follow from this job's id, so a repeated attempt makes no second child.

from typing import Any

from wasmill_sdk.entry import json_bytes
from wasmill_sdk.host import error_of, faults, interface

_host = interface("emit")
_faults = faults()

_SENTENCES = {
    "denied": "the child is not allowed",
    "invalid": "the child is not valid",
    "too-many": "too many children",
}


def child(job_type: str, payload: Any, *, key: str | None = None, delay_ms: int | None = None) -> str:
    """Takes a child along: a job of this type, with this payload as JSON, or as it is if it is bytes. Answers the id
    it will have. With `key` the id follows from that instead of the number among the children of its type."""
    content = payload if isinstance(payload, bytes) else json_bytes(payload, "child's payload")
    try:
        child = _host.Child(str(job_type), content)
        if key is not None:
            child.key(str(key))
        if delay_ms is not None:
            child.delay_ms(max(0, round(delay_ms)))
        return str(_host.submit(child))
    except _faults as fault:
        raise error_of(fault, _SENTENCES, {"denied", "invalid", "too-many"}) from None
