# The stand-in for `wasmill:job/config`.

from wasmill_sdk.testing.running import current


def get(name: str) -> str | None:
    return current().job.config.get(name)


def names() -> list[str]:
    return sorted(current().job.config)
