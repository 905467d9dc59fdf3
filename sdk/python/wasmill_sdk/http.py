# Calls to HTTP services, to the addresses that the job type is granted (`grants.http`). They answer with the whole
# response; redirects are not followed.

import json as _json
from collections.abc import Mapping
from typing import Any

from wasmill_sdk.entry import json_bytes
from wasmill_sdk.failure import Reject, Retry
from wasmill_sdk.host import error_of, faults, interface
from wasmill_sdk.secret import Secret

_host = interface("http")
_faults = faults()

_SENTENCES = {
    "denied": "the request is not allowed",
    "invalid": "the request is not valid",
    "timeout": "no answer in time",
    "failed": "the request failed",
    "too-large": "the answer is too large",
}
_REJECTS = {"denied", "invalid", "too-large"}
_REQUEST_TIMEOUT = 408
_TOO_MANY_REQUESTS = 429


class Response:
    """What came back, whatever its status."""

    def __init__(self, resource: Any) -> None:
        self._resource = resource

    @property
    def status(self) -> int:
        return int(self._resource.status())

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """The first header of this name, in any case of letters."""
        value: str | None = self._resource.header(str(name))
        return value

    @property
    def headers(self) -> list[tuple[str, str]]:
        """All headers in the order they came, names in small letters."""
        return [(name, value) for name, value in self._resource.headers()]

    @property
    def body(self) -> bytes:
        """The whole body."""
        return bytes(self._resource.body())

    def text(self) -> str:
        """The body as text; what is no UTF-8 becomes U+FFFD."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body read as JSON. One that does not decode is a retry: services answer HTML while they are in trouble."""
        try:
            return _json.loads(self.body)
        except ValueError as error:
            raise Retry(f"the service's answer does not decode: {error}") from None

    def raise_for_status(self) -> "Response":
        """This response if its status is 2xx. Else 5xx, 408 and 429 are retries, not before what `retry-after` says in
        seconds, and everything else is a reject."""
        if self.ok:
            return self
        status = self.status
        message = f"the service answered with status {status}"
        if status < 500 and status not in (_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS):
            raise Reject(message)
        after = (self.header("retry-after") or "").strip()
        raise Retry(message, after_ms=int(after) * 1000 if after.isascii() and after.isdigit() else None)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    secret_headers: Mapping[str, tuple[str, Secret]] | None = None,
    body: bytes | str | None = None,
    json: Any = None,
    timeout_ms: int | None = None,
) -> Response:
    """Sends a request and waits for the response. `secret_headers` has a prefix and a secret for each header:
    `{"authorization": ("Bearer ", token)}`; the handler never sees the value. `json` sets the body and its type."""
    try:
        request = _host.Request(str(method), str(url))
        for name, value in (headers or {}).items():
            request.header(str(name), str(value))
        for name, (prefix, secret) in (secret_headers or {}).items():
            request.secret_header(str(name), str(prefix), secret._resource)
        if json is not None:
            request.header("content-type", "application/json")
            body = json_bytes(json, "body")
        if body is not None:
            request.body(body.encode() if isinstance(body, str) else body)
        if timeout_ms is not None:
            request.timeout_ms(max(0, round(timeout_ms)))
        return Response(_host.send(request))
    except _faults as fault:
        raise error_of(fault, _SENTENCES, _REJECTS) from None


def get(url: str, **options: Any) -> Response:
    """Sends a GET request; `options` are those of `send`."""
    return send("GET", url, **options)


def post(url: str, **options: Any) -> Response:
    """Sends a POST request; `options` are those of `send`."""
    return send("POST", url, **options)


def put(url: str, **options: Any) -> Response:
    """Sends a PUT request; `options` are those of `send`."""
    return send("PUT", url, **options)


def patch(url: str, **options: Any) -> Response:
    """Sends a PATCH request; `options` are those of `send`."""
    return send("PATCH", url, **options)


def delete(url: str, **options: Any) -> Response:
    """Sends a DELETE request; `options` are those of `send`."""
    return send("DELETE", url, **options)
