# HTTP requests and child jobs: as they go out, and what their errors mean.

import pytest

from wasmill_sdk import HostError, Retry, emit, handler, http, secrets
from wasmill_sdk.testing import Failure, Fault, Job, response, run


@handler
def ask(_):
    return http.get("https://a.example/x").raise_for_status().json()


def answered(answer):
    return run(ask, None, Job(http=lambda request: answer))


def faulted(kind):
    def answer(_):
        raise Fault(kind, "w")

    return run(ask, None, Job(http=answer)).failure


def test_a_request_goes_out_as_it_was_built():
    @handler
    def send(_):
        token = secrets.get("T")
        headers = {"X-N": "1"}
        http.post("https://a.example/x", headers=headers, secret_headers={"Authorization": ("Bearer ", token)},
                  json={"n": 1}, timeout_ms=1500)
        http.put("https://a.example/y", body="é")
        http.delete("https://a.example/z")

    done = run(send, None, Job(secrets={"T": "abc"}, http=lambda _: response(204)))
    assert done.failure is None
    first, second, third = done.requests
    assert (first.method, first.url, first.timeout_ms) == ("POST", "https://a.example/x", 1500)
    assert first.headers == {"x-n": "1", "authorization": "Bearer abc", "content-type": "application/json"}
    assert (first.body, second.body) == (b'{"n":1}', b"\xc3\xa9")
    assert (third.method, third.timeout_ms) == ("DELETE", 30_000)


def test_a_response_tells_all_of_itself():
    @handler
    def look(_):
        got = http.get("https://a.example")
        return [got.status, got.ok, got.header("X-A"), got.headers, got.text()]

    done = run(look, None, Job(http=lambda _: response(302, "hi", {"X-A": "1"})))
    assert done.output == [302, False, "1", [["x-a", "1"]], "hi"]


def test_errors_become_the_failures_that_fit():
    assert [faulted(kind).kind for kind in ("denied", "invalid", "too-large")] == ["reject"] * 3
    assert [faulted(kind).kind for kind in ("timeout", "failed", "other")] == ["retry"] * 3
    assert faulted("timeout").message == "no answer in time: w"
    assert run(ask).failure.kind == "reject"


def test_an_error_can_be_caught_by_its_kind():
    def answer(_):
        raise Fault("timeout", "w")

    @handler
    def patient(_):
        try:
            http.get("https://a.example")
        except HostError as error:
            assert error.kind == "timeout"
            raise Retry("slow", after_ms=5) from None

    assert run(patient, None, Job(http=answer)).failure == Failure("retry", "slow", 5)


def test_a_status_becomes_the_failure_that_fits():
    assert answered(response(200, {"a": 1})).output == {"a": 1}
    for status in (301, 404, 422):
        assert answered(response(status)).failure == Failure("reject", f"the service answered with status {status}")
    for status in (408, 429, 500, 503):
        failure = Failure("retry", f"the service answered with status {status}", 7000)
        assert answered(response(status, headers={"Retry-After": "7"})).failure == failure
    assert answered(response(503, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"})).failure.after_ms is None
    assert "does not decode" in answered(response(200, "<html>")).failure.message


@handler
def parent(fail: bool) -> list[str]:
    ids = [emit.child("t", {"n": 1}, key="a", delay_ms=5), emit.child("t", b"\xff")]
    if fail:
        raise Retry("no")
    return ids


def test_children_are_taken_along_and_a_failure_has_none():
    done = run(parent, False)
    first, second = done.children
    assert done.output == [first.id, second.id]
    assert (first.job_type, first.payload, first.key, first.delay_ms) == ("t", b'{"n":1}', "a", 5)
    assert (second.payload, second.key, second.delay_ms) == (b"\xff", None, 0)
    assert run(parent, True).children == []
    assert run(parent, False).output == done.output


@pytest.mark.parametrize(("kind", "expected"), [("denied", "reject"), ("too-many", "reject"), ("other", "retry")])
def test_a_refused_child_is_the_failure_that_fits(kind, expected):
    def refuse(_):
        raise Fault(kind, "w")

    assert run(parent, False, Job(emit=refuse)).failure.kind == expected


def test_a_key_is_used_once():
    @handler
    def twice(_):
        emit.child("t", 1, key="a")
        emit.child("t", 2, key="a")

    assert "two children of `t` have the key `a`" in run(twice).failure.message
