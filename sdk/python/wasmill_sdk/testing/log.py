# The stand-in for `wasmill:job/log`.

from enum import Enum

from wasmill_sdk.testing.running import Line, current


class Level(Enum):
    DEBUG = "debug"
    INFO = "info"
    WARN = "warn"
    ERROR = "error"


def write(level: Level, message: str) -> None:
    current().log.append(Line(level.value, message))
