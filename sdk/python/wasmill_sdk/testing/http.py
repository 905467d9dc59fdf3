# The stand-in for `wasmill:job/http`: the job's `http` answers.

from wasmill_sdk import testing
from wasmill_sdk.host import Fault
from wasmill_sdk.testing.running import Request as Sent
from wasmill_sdk.testing.running import current
from wasmill_sdk.testing.secrets import Secret


class Request:
    def __init__(self, method: str, url: str) -> None:
        self.sent = Sent(method, url)

    def header(self, name: str, value: str) -> None:
        self.sent.headers[name.lower()] = value

    def secret_header(self, name: str, prefix: str, value: Secret) -> None:
        self.header(name, prefix + value.reveal())

    def body(self, content: bytes) -> None:
        self.sent.body = content

    def timeout_ms(self, milliseconds: int) -> None:
        self.sent.timeout_ms = milliseconds


class Response:
    def __init__(self, answer: "testing.response") -> None:
        self._answer = answer

    def status(self) -> int:
        return self._answer.status

    def header(self, name: str) -> str | None:
        return dict(self.headers()).get(name.lower())

    def headers(self) -> list[tuple[str, str]]:
        return [(name.lower(), value) for name, value in (self._answer.headers or {}).items()]

    def body(self) -> bytes:
        return self._answer.content()


def send(request: Request) -> Response:
    current().requests.append(request.sent)
    answer = current().job.http
    if answer is None:
        raise Fault("denied", f"{request.sent.url}: the test's Job has no `http` that answers")
    return Response(answer(request.sent))
