# What a component exports: bytes to bytes, with every error as the failure it means. `build.py` writes the module that
# calls this.

import importlib
import traceback
from typing import Any

from wasmill_sdk import log
from wasmill_sdk.entry import handlers_in, on_bytes
from wasmill_sdk.failure import Reject, Retry, failure_of


def exported(module: object) -> type:
    """The class that the contract's exported interface is made of, for the one handler in a module."""
    found = handlers_in(module)
    if len(found) != 1:
        raise TypeError(f"a module has one function with @handler; this has {len(found)}")
    run = on_bytes(found[0])
    err: Any = importlib.import_module("componentize_py_types").Err
    failures: Any = importlib.import_module("wit_world.imports.failures")

    class Handler:
        def handle(self, payload: bytes) -> bytes:
            try:
                return run(payload)
            except Exception as error:
                failure = failure_of(error)
                if not isinstance(error, (Reject, Retry)):
                    # Where in the handler it was: the failure's message has no room for that.
                    log.error("".join(traceback.format_exception(error)).rstrip())
                if failure.kind == "reject":
                    raise err(failures.Failure_Reject(failure.message)) from None
                raise err(failures.Failure_Retry(failures.Retry(failure.message, failure.after_ms))) from None

    return Handler
