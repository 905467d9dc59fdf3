# A function as a handler: what makes the payload its argument, and its answer the output.

import dataclasses
import inspect
import json
import typing
from collections.abc import Callable
from typing import Any, TypeVar

from wasmill_sdk.failure import Reject

_Function = TypeVar("_Function", bound=Callable[[Any], Any])

_ON_BYTES = "__wasmill_handler__"


def handler(function: _Function) -> _Function:
    """Makes this function the module's handler. It takes the payload, read as JSON, and what it answers is written as
    JSON; an empty payload reads as None. If the argument's type is a dataclass, one is made of the payload's fields; if
    it is `bytes`, the payload comes as it is. An answer that is `bytes` goes out as it is.

    It stays an ordinary function: tests call it."""
    if inspect.iscoroutinefunction(function):
        raise TypeError("a handler is no async function: every call to the host answers at once")
    wanted = _wanted(function)

    def on_bytes(payload: bytes) -> bytes:
        return _encoded(function(_decoded(payload, wanted)))

    setattr(function, _ON_BYTES, on_bytes)
    return function


def on_bytes(function: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    """What `handler` left on a function: from the payload's bytes to those of the output."""
    run: Callable[[bytes], bytes] | None = getattr(function, _ON_BYTES, None)
    if run is None:
        raise TypeError(f"{function!r} is no handler: write @handler above it")
    return run


def handlers_in(module: object) -> list[Callable[[Any], Any]]:
    """The handlers that a module holds, each once."""
    found = [value for value in vars(module).values() if callable(value) and hasattr(value, _ON_BYTES)]
    return list({id(value): value for value in found}.values())


def _wanted(function: Callable[[Any], Any]) -> Any:
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return next(iter(hints.values()), None)


def _decoded(payload: bytes, wanted: Any) -> Any:
    if wanted is bytes:
        return payload
    try:
        value = json.loads(payload) if payload else None
    except ValueError as error:
        raise Reject(f"the payload does not decode: {error}") from None
    if not (isinstance(wanted, type) and dataclasses.is_dataclass(wanted)):
        return value
    if not isinstance(value, dict):
        raise Reject(f"the payload does not decode: a {wanted.__name__} is a JSON object")
    known = {field.name for field in dataclasses.fields(wanted) if field.init}
    try:
        return wanted(**{name: part for name, part in value.items() if name in known})
    except (TypeError, ValueError) as error:
        raise Reject(f"the payload does not decode: {error}") from None


def _encoded(output: Any) -> bytes:
    if isinstance(output, (bytes, bytearray, memoryview)):
        return bytes(output)
    return json_bytes(output, "output")


def json_bytes(value: Any, what: str) -> bytes:
    """A value as JSON; dataclasses as objects. A value that cannot be JSON rejects the job."""
    try:
        return json.dumps(value, default=_plain, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise Reject(f"the {what} does not encode: {error}") from None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"a {type(value).__name__} is no JSON")
