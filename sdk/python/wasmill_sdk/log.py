# Lines for the job's log. Every handler may write some; what it prints goes there, too.

from wasmill_sdk.host import interface

_host = interface("log")


def debug(*parts: object) -> None:
    """Writes a line for whoever looks for a mistake; parts are joined as `print` joins them."""
    _host.write(_host.Level.DEBUG, _line(parts))


def info(*parts: object) -> None:
    """Writes a line about what was done."""
    _host.write(_host.Level.INFO, _line(parts))


def warn(*parts: object) -> None:
    """Writes a line about something that should not be so, and does not stop the job."""
    _host.write(_host.Level.WARN, _line(parts))


def error(*parts: object) -> None:
    """Writes a line about what stops the job."""
    _host.write(_host.Level.ERROR, _line(parts))


def _line(parts: tuple[object, ...]) -> str:
    return " ".join(map(str, parts))
