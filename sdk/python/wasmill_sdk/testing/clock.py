# The stand-in for `wasmill:job/clock`: it stands still.

from wasmill_sdk.testing.running import current


def now_ms() -> int:
    return round(current().job.now.timestamp() * 1000)


def monotonic_us() -> int:
    return 0
