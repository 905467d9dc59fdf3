# The stand-in for `wasmill:job/context`.

from wasmill_sdk.testing.running import current


def job_id() -> str:
    return current().job.id


def job_type() -> str:
    return current().job.job_type


def attempt() -> int:
    return current().job.attempt


def max_attempts() -> int:
    return current().job.max_attempts


def accepted_at_ms() -> int:
    return round(current().job.accepted_at.timestamp() * 1000)


def deadline_left_ms() -> int:
    return current().job.deadline_left_ms


def idempotency_key() -> str | None:
    return current().job.idempotency_key


def traceparent() -> str | None:
    return current().job.traceparent
