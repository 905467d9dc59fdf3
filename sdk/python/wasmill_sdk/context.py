# What a handler may ask about the job it was given. Every handler may.

from datetime import UTC, datetime, timedelta

from wasmill_sdk.host import interface

_host = interface("context")


def job_id() -> str:
    """The job's id. The same at each attempt: a good key for whatever must happen once."""
    return str(_host.job_id())


def job_type() -> str:
    """The job's type, such as `email.welcome`."""
    return str(_host.job_type())


def attempt() -> int:
    """Which attempt this is. The first is 1."""
    return int(_host.attempt())


def max_attempts() -> int:
    """How many attempts the job may make in all."""
    return int(_host.max_attempts())


def accepted_at() -> datetime:
    """When the job was accepted, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=_host.accepted_at_ms())


def deadline_left_ms() -> int:
    """The milliseconds left until the handler is stopped."""
    return int(_host.deadline_left_ms())


def idempotency_key() -> str | None:
    """The idempotency key the caller gave, if any."""
    key: str | None = _host.idempotency_key()
    return key


def traceparent() -> str | None:
    """The caller's W3C `traceparent`, if any."""
    parent: str | None = _host.traceparent()
    return parent
