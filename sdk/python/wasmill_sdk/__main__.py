# The command `python -m wasmill_sdk build app.py -o app.wasm`.

import argparse
import sys
from pathlib import Path

from wasmill_sdk.build import BuildError, build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m wasmill_sdk", description="Builds Wasmill handlers.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="make a component of a Python file with one @handler")
    command.add_argument("source", type=Path, help="the file, such as app.py; modules beside it are found")
    command.add_argument("-o", "--output", type=Path, help="where to write it; the source's name with .wasm if not given")
    arguments = parser.parse_args()
    output: Path = arguments.output or Path(arguments.source.stem + ".wasm")
    try:
        built = build(arguments.source)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    output.write_bytes(built.component)
    print(f"{output}  {len(built.component) / (1 << 20):.1f} MiB  imports {', '.join(built.interfaces)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
