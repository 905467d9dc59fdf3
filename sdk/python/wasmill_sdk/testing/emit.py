# The stand-in for `wasmill:job/emit`. Ids follow from the parent's id and the key, or the number among its type's
# children; they are not those that a host would give.

import uuid

from wasmill_sdk.host import Fault
from wasmill_sdk.testing.running import Child as Emitted
from wasmill_sdk.testing.running import current


class Child:
    def __init__(self, job_type: str, payload: bytes) -> None:
        self.emitted = Emitted(job_type, payload)

    def key(self, key: str) -> None:
        self.emitted.key = key

    def delay_ms(self, milliseconds: int) -> None:
        self.emitted.delay_ms = milliseconds


def submit(child: Child) -> str:
    running, emitted = current(), child.emitted
    if running.job.emit is not None:
        running.job.emit(emitted)
    of_type = [other for other in running.children if other.job_type == emitted.job_type]
    if emitted.key is not None and any(other.key == emitted.key for other in of_type):
        raise Fault("invalid", f"two children of `{emitted.job_type}` have the key `{emitted.key}`")
    number = sum(other.key is None for other in of_type)
    place = f"number {number}" if emitted.key is None else f"key {emitted.key}"
    emitted.id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{running.job.id} {emitted.job_type} {place}"))
    running.children.append(emitted)
    return emitted.id
