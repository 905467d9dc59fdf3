# Handlers become components that import what they use, and mistakes are told.

import re
from pathlib import Path

import pytest

from wasmill_sdk.build import BuildError, build


def imports(component: bytes) -> list[str]:
    """The interfaces that a component imports: the names in its sections of number 10."""
    assert component[:8] == b"\0asm\x0d\0\x01\0"
    found: set[str] = set()
    at = 8
    while at < len(component):
        section, at, length, shift = component[at], at + 1, 0, 0
        while True:
            byte, at = component[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if section == 10:
            found.update(re.findall(r"[a-z]+:[a-z]+/[a-z-]+@[0-9]+\.[0-9]+", component[at : at + length].decode("latin1")))
        at += length
    return sorted(found)


def written(folder: Path, text: str) -> Path:
    (folder / "app.py").write_text(text)
    return folder / "app.py"


def test_a_component_imports_what_its_handler_uses(tmp_path):
    (tmp_path / "beside.py").write_text("from wasmill_sdk import http\n\ndef ask(url): return http.get(url).status\n")
    text = "import beside\nfrom wasmill_sdk import handler\n\n@handler\ndef look(job): return beside.ask(job['url'])\n"
    built = build(written(tmp_path, text))
    assert built.interfaces == ["http", "log"]
    ours = [name for name in imports(built.component) if name.startswith("wasmill:")]
    assert ours == [f"wasmill:job/{name}@1.0" for name in ("failures", "http", "log", "secrets")]
    others = {name.split("/")[0] for name in imports(built.component) if not name.startswith("wasmill:")}
    assert others <= {f"wasi:{name}" for name in ("cli", "clocks", "filesystem", "io", "random", "sockets")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x = 1\n", "has 0"),
        ("import nothing_like_this\n", "No module named 'nothing_like_this'"),
        ("from wasmill_sdk import handler\n@handler\ndef a(_): ...\n@handler\ndef b(_): ...\n", "has 2"),
        ("from wasmill_sdk import handler\n@handler\nasync def a(_): ...\n", "no async function"),
    ],
)
def test_mistakes_are_told(tmp_path, text, expected):
    with pytest.raises(BuildError, match=expected):
        build(written(tmp_path, text))


def test_what_is_no_module_is_told(tmp_path):
    for name in ("missing.py", "no-name.py", "app.txt"):
        with pytest.raises(BuildError, match="is no Python module"):
            build(tmp_path / name)
