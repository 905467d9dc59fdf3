# The stand-in for `wasmill:job/secrets`.

from wasmill_sdk.host import Fault
from wasmill_sdk.testing.running import current


class Secret:
    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value


def get(name: str) -> Secret:
    if name not in current().job.secrets:
        raise Fault("denied", name)
    return Secret(current().job.secrets[name])
