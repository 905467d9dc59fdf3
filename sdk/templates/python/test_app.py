# What the handler answers, and what it rejects.

from wasmill_sdk.testing import Failure, run

from app import welcome


def test_an_address_is_welcomed():
    done = run(welcome, {"email": "ada@example.org"})
    assert done.output == {"subject": "Welcome, ada!"}
    assert done.log[0].message == "writing to ada@example.org"


def test_what_is_no_address_is_rejected():
    assert run(welcome, {"email": "nobody"}).failure == Failure("reject", "`nobody` is no address")
