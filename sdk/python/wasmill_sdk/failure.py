# What a handler raises when it cannot complete a job, and what the errors of the host mean for it.

from dataclasses import dataclass


class Retry(Exception):
    """The job may succeed at a later attempt; not before `after_ms` milliseconds, if given."""

    def __init__(self, message: str, *, after_ms: int | None = None) -> None:
        super().__init__(message)
        self.after_ms = after_ms


class Reject(Exception):
    """The job can never succeed: it becomes a dead letter at once."""


class HostError(Exception):
    """A mistake that a call to the host told of. `kind` is the contract's name of it, such as `timeout`. Where nobody
    catches it, some kinds reject the job, all others retry it."""

    def __init__(self, kind: str, message: str, *, rejects: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.rejects = rejects


@dataclass(frozen=True)
class Failure:
    """The failure that an error means for the job: `kind` is `retry` or `reject`."""

    kind: str
    message: str
    after_ms: int | None = None


def failure_of(error: Exception) -> Failure:
    """Any error but a reject is a retry, as most of them pass."""
    if isinstance(error, Reject) or (isinstance(error, HostError) and error.rejects):
        return Failure("reject", str(error))
    if isinstance(error, Retry):
        after_ms = None if error.after_ms is None else max(0, round(error.after_ms))
        return Failure("retry", str(error), after_ms)
    return Failure("retry", _message_of(error))


def _message_of(error: BaseException) -> str:
    own = str(error) if isinstance(error, HostError) else f"{type(error).__name__}: {error}"
    cause = error.__cause__
    return own if cause is None else f"{own}: {_message_of(cause)}"
