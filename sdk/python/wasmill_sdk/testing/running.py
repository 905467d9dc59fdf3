# The job that a test runs, and what its handler did so far. Where a test calls its handler directly, that is the default
# job.

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass
class Request:
    """A request as it would go over the wire: names of headers in small letters, secrets filled in."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_ms: int = 30_000


@dataclass
class Child:
    """A child job that was emitted."""

    job_type: str
    payload: bytes
    key: str | None = None
    delay_ms: int = 0
    id: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the job's log."""

    level: str
    message: str


@dataclass(frozen=True)
class Job:
    """The job under test: the first of three attempts, accepted at the beginning of 2026 and run a second later."""

    id: str = "0190163d-8694-8001-8000-64c2f1a0b3d5"
    job_type: str = "test"
    attempt: int = 1
    max_attempts: int = 3
    accepted_at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    deadline_left_ms: int = 30_000
    idempotency_key: str | None = None
    traceparent: str | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    #: Answers requests with a `response(…)`, or raises a `Fault(kind, message)`. Without one they are denied.
    http: Callable[[Request], Any] | None = None
    #: Looks at each child; raises a `Fault(kind, message)` to refuse it.
    emit: Callable[[Child], None] | None = None
    #: What the clock shows all the time.
    now: datetime = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    #: What the random numbers follow from.
    seed: int = 0


@dataclass
class Running:
    """A job that runs."""

    job: Job
    log: list[Line] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)
    drawn: int = 0


_running = [Running(Job())]


def current() -> Running:
    """What runs."""
    return _running[-1]


@contextmanager
def while_running(running: Running) -> Iterator[Running]:
    """Runs a job, and then what ran before."""
    _running.append(running)
    try:
        yield running
    finally:
        _running.pop()
