# Welcomes somebody: {"email": "ada@example.org"} becomes {"subject": "Welcome, ada!"}.

from wasmill_sdk import Reject, handler, log


@handler
def welcome(job: dict) -> dict:
    name, at, _ = job["email"].partition("@")
    if not at:
        raise Reject(f"`{name}` is no address")
    log.info(f"writing to {job['email']}")
    return {"subject": f"Welcome, {name}!"}
