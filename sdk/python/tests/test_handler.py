# Payloads in, outputs and failures out, and what a handler may ask.

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from wasmill_sdk import Reject, Retry, clock, config, context, handler, log, random, secrets
from wasmill_sdk.testing import Failure, Job, Line, run


@handler
def echo(job: dict) -> dict:
    return job


def test_a_payload_passes_through_as_json():
    job = {"name": "Zoë 🦀", "n": [1, None, True]}
    assert run(echo, job).output == job
    assert run(echo, job).output_bytes == '{"name":"Zoë 🦀","n":[1,null,true]}'.encode()
    assert run(echo, b"").output_bytes == b"null"


def test_a_handler_is_still_a_function():
    assert echo({"a": 1}) == {"a": 1}


def test_bytes_pass_as_they_are():
    @handler
    def reverse(payload: bytes) -> bytes:
        return payload[::-1]

    assert run(reverse, b"\x00\xff").output_bytes == b"\xff\x00"


def test_dataclasses_are_objects():
    @dataclass
    class Welcome:
        email: str
        language: str = "en"

    @handler
    def welcome(job: Welcome) -> Welcome:
        return Welcome(job.email.upper(), job.language)

    assert run(welcome, {"email": "a@b", "more": 1}).output == {"email": "A@B", "language": "en"}
    missing = run(welcome, {"mail": "a@b"}).failure
    assert missing.kind == "reject" and "email" in missing.message
    assert run(welcome, [1]).failure == Failure("reject", "the payload does not decode: a Welcome is a JSON object")


@pytest.mark.parametrize("payload", [b"{", b'"\xff"'])
def test_a_payload_that_does_not_decode_is_a_reject(payload):
    failure = run(echo, payload).failure
    assert failure.kind == "reject"
    assert failure.message.startswith("the payload does not decode: ")


@pytest.mark.parametrize("output", [{1, 2}, float("nan"), object()])
def test_an_output_that_is_no_json_is_a_reject(output):
    @handler
    def answer(_):
        return output

    failure = run(answer).failure
    assert failure.kind == "reject"
    assert failure.message.startswith("the output does not encode: ")


def failing(error):
    @handler
    def fail(_):
        raise error

    return run(fail).failure


def test_errors_become_the_failures_that_fit():
    assert failing(Reject("never")) == Failure("reject", "never")
    assert failing(Retry("later")) == Failure("retry", "later")
    assert failing(Retry("later", after_ms=5)) == Failure("retry", "later", 5)
    outer = ValueError("outer")
    outer.__cause__ = KeyError("inner")
    assert failing(outer) == Failure("retry", "ValueError: outer: KeyError: 'inner'")


def test_async_functions_are_refused():
    with pytest.raises(TypeError, match="no async function"):

        @handler
        async def slow(job):
            return job


def test_the_context_tells_of_the_job_that_runs():
    @handler
    def look(_):
        return [
            context.job_id(), context.job_type(), context.attempt(), context.max_attempts(), context.deadline_left_ms(),
            context.accepted_at().isoformat(), context.idempotency_key(), context.traceparent(),
        ]

    at = datetime(2026, 5, 1, 12, 30, 0, 5000, tzinfo=UTC)
    job = Job("j", "t", 2, 5, at, 7, idempotency_key="k", traceparent="p")
    assert run(look, None, job).output == ["j", "t", 2, 5, 7, "2026-05-01T12:30:00.005000+00:00", "k", "p"]


def test_the_log_is_kept_in_order():
    @handler
    def noisy(_):
        log.debug("a", 1)
        log.info("i")
        log.warn("w")
        log.error("e")

    assert run(noisy).log == [Line("debug", "a 1"), Line("info", "i"), Line("warn", "w"), Line("error", "e")]


def test_settings_and_secrets_are_those_of_the_job():
    @handler
    def look(_):
        key = secrets.get("KEY")
        return [config.names(), config.get("a"), config.get("x"), repr(key), key.reveal()]

    job = Job(config={"b": "2", "a": "1"}, secrets={"KEY": "s"})
    assert run(look, None, job).output == [["a", "b"], "1", None, "Secret(…)", "s"]
    failure = run(look).failure
    assert failure.kind == "reject" and "no grant for a secret `KEY`" in failure.message


def test_a_missing_setting_is_a_reject():
    @handler
    def need(_):
        return config.require("x")

    assert run(need).failure == Failure("reject", "the route has no setting `x`")


def test_the_clock_stands_still_and_random_numbers_follow_from_the_seed():
    @handler
    def sample(_):
        return [clock.now().isoformat(), clock.monotonic_us(), random.number(), random.bytes(100_000).hex()]

    def sampled(seed):
        return run(sample, None, Job(seed=seed)).output

    now, monotonic, number, drawn = sampled(1)
    assert (now, monotonic, len(drawn)) == ("2026-01-01T00:00:01+00:00", 0, 200_000)
    assert 0 <= number < 1 << 64
    assert sampled(1) == sampled(1)
    assert sampled(1) != sampled(2)
