# Handlers under test, without a host: a job with all that a handler may reach.
"""Runs handlers as jobs in plain tests: `run(welcome, {"email": "ada@example.org"})`."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wasmill_sdk.entry import json_bytes, on_bytes
from wasmill_sdk.failure import Failure, failure_of
from wasmill_sdk.host import Fault
from wasmill_sdk.testing.running import Child, Job, Line, Request, Running, while_running

__all__ = ["Child", "Failure", "Fault", "Job", "Line", "Request", "Run", "response", "run"]


@dataclass(frozen=True)
class Run:
    """What became of a job."""

    #: The bytes of the output; None after a failure.
    output_bytes: bytes | None
    failure: Failure | None
    log: list[Line]
    requests: list[Request]
    #: The children that were published: none after a failure.
    children: list[Child]

    @property
    def output(self) -> Any:
        """The output read as JSON; None after a failure."""
        return None if self.output_bytes is None else json.loads(self.output_bytes)


@dataclass(frozen=True)
class response:
    """A response for `Job.http` to answer. A body that is neither text nor bytes becomes JSON."""

    status: int
    body: Any = b""
    headers: Mapping[str, str] | None = None

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json_bytes(self.body, "response")


def run(handler: Callable[[Any], Any], payload: Any = None, job: Job | None = None) -> Run:
    """Runs a handler on a payload (JSON unless it is bytes) as this job. Errors become failures, as in a component."""
    work = on_bytes(handler)
    content = payload if isinstance(payload, bytes) else json_bytes(payload, "payload")
    with while_running(Running(job or Job())) as running:
        try:
            return Run(work(content), None, running.log, running.requests, running.children)
        except AssertionError:
            raise  # A test's own, for instance in its `http`.
        except Exception as error:
            return Run(None, failure_of(error), running.log, running.requests, [])
