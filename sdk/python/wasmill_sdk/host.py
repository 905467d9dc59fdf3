# The other side of every call: in a guest the host, elsewhere the stand-ins of `wasmill_sdk.testing`.

import importlib
import sys
from typing import Any

from wasmill_sdk.failure import HostError

#: Whether this runs in a component, or is made one right now.
IN_GUEST = sys.platform == "wasi"


class Fault(Exception):
    """An error as the stand-ins tell it: the contract's name of it, and its message."""

    def __init__(self, kind: str, message: str = "") -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind
        self.message = message


def interface(name: str) -> Any:
    """The functions of one of the contract's interfaces."""
    return importlib.import_module(f"wit_world.imports.{name}" if IN_GUEST else f"wasmill_sdk.testing.{name}")


def faults() -> type[Exception]:
    """What calls to the host raise."""
    if not IN_GUEST:
        return Fault
    err: type[Exception] = importlib.import_module("componentize_py_types").Err
    return err


def error_of(fault: Exception, sentences: dict[str, str], rejects: set[str]) -> HostError:
    """What the host told, as an error for the handler; `sentences` begins its message by kind."""
    if isinstance(fault, Fault):
        kind, message = fault.kind, fault.message
    else:
        # A variant's case is a class such as `Error_TooLarge`.
        value = getattr(fault, "value", None)
        case = type(value).__name__.removeprefix("Error_")
        kind = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in case).lstrip("-")
        message = str(getattr(value, "value", value))
    sentence = sentences.get(kind)
    return HostError(kind, message if sentence is None else f"{sentence}: {message}", rejects=kind in rejects)
