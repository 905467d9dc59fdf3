# The stand-in for `wasmill:job/random`: what it gives follows from the job's seed.

import builtins
import hashlib

from wasmill_sdk.testing.running import current


def bytes(count: int) -> builtins.bytes:
    running = current()
    running.drawn += 1
    return hashlib.shake_256(f"{running.job.seed} {running.drawn}".encode()).digest(count)


def number() -> int:
    return int.from_bytes(bytes(8))
