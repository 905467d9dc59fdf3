# From a handler's source to a component, by componentize-py: CPython for WebAssembly, with the handler already loaded.
# Of the contract the component imports those interfaces whose modules the handler imports; of WASI what CPython is linked
# against, see README.md.

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).parent
_INTERFACES = ("clock", "config", "context", "emit", "http", "random", "secrets")
_ENTRY = "wasmill_entry"

# Loads the handler natively, to see what it imports and that it is one.
_LOOK = """
import importlib, json, sys
module = importlib.import_module(sys.argv[1])
from wasmill_sdk.entry import handlers_in
names = [name.removeprefix("wasmill_sdk.") for name in sys.modules if name.startswith("wasmill_sdk.")]
print(json.dumps({"handlers": len(handlers_in(module)), "names": names}))
"""


class BuildError(Exception):
    """Why a handler did not become a component, in a sentence."""


@dataclass(frozen=True)
class Built:
    """What was built: the component's bytes, and the contract's interfaces that it imports."""

    component: bytes
    interfaces: list[str]


def build(source: Path) -> Built:
    """Builds the handler in the Python file `source`; modules beside it are found."""
    if not source.is_file() or source.suffix != ".py" or not source.stem.isidentifier():
        raise BuildError(f"{source} is no Python module: give the file with @handler in it, such as app.py")
    folder = source.resolve().parent
    interfaces = _interfaces(source.stem, folder)
    with tempfile.TemporaryDirectory(prefix="wasmill-build-") as name:
        work = Path(name)
        contract = (_PACKAGE / "wit" / "job.wit").read_text()
        (work / "job.wit").write_text(narrowed(contract, interfaces))
        entry = f"import {source.stem}\nfrom wasmill_sdk.guest import exported\n\nHandler = exported({source.stem})\n"
        (work / f"{_ENTRY}.py").write_text(entry)
        output = work / "app.wasm"
        paths = [part for path in (work, folder, _PACKAGE.parent) for part in ("-p", str(path))]
        options = ["-q", "-d", str(work / "job.wit"), "-w", "job-handler"]
        _componentize([*options, "componentize", *paths, _ENTRY, "-o", str(output)])
        return Built(output.read_bytes(), interfaces)


def narrowed(contract: str, interfaces: list[str]) -> str:
    """The contract with no more imports than these. `http` needs the type of secrets, and with it alone no grant for
    any."""
    imports = "".join(f"  import {name};\n" for name in interfaces)
    world = f"world job-handler {{\n{imports}  export handler;\n}}"
    text = re.sub(r"^world job-handler \{[^}]*\}", world, contract, flags=re.MULTILINE)
    if "secrets" in interfaces:
        return text
    only_the_type = "interface secrets { resource secret; }"
    return re.sub(r"^interface secrets \{.*?^\}", only_the_type, text, flags=re.MULTILINE | re.DOTALL)


def _interfaces(module: str, folder: Path) -> list[str]:
    path = f"import sys; sys.path[:0] = {[str(folder), str(_PACKAGE.parent)]!r}"
    looked = subprocess.run([sys.executable, "-c", f"{path}\n{_LOOK}", module], capture_output=True, text=True)
    if looked.returncode != 0:
        raise BuildError(f"{module}.py cannot be imported:\n{looked.stderr.rstrip()}")
    seen = json.loads(looked.stdout.splitlines()[-1])
    if seen["handlers"] != 1:
        raise BuildError(f"a module has one function with @handler; {module}.py has {seen['handlers']}")
    return sorted({"log", *(name for name in seen["names"] if name in _INTERFACES)})


def _componentize(arguments: list[str]) -> None:
    call = "import sys, componentize_py; sys.exit(componentize_py.script())"
    made = subprocess.run([sys.executable, "-c", call, *arguments], capture_output=True, text=True)
    if made.returncode == 0:
        return
    if "No module named 'componentize_py'" in made.stderr:
        raise BuildError("componentize-py is missing; install it with: pip install 'wasmill-sdk[build]'")
    raise BuildError(f"componentize-py failed:\n{(made.stderr or made.stdout).rstrip()}")
