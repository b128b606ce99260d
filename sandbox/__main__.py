"""`python -m sandbox up | down | status | logs VM`: a laptop as an OpenNebula cloud."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sandbox.engine import EngineError
from sandbox.place import DEFAULT_API_PORT, DEFAULT_BASTION_PORT, locate
from sandbox.progress import hush


def main(arguments: list[str] | None = None) -> int:
    """Run a command. Exit codes: 0 done, 1 a failure that was explained, 2 wrong use, 130 interrupted."""
    options = _parser().parse_args(arguments)
    try:
        place = locate(options.name, options.state_dir)
        # Imported late: each command waits only for what it needs.
        if options.command == "up":
            from sandbox.up import up

            up(place, options.api_port, options.bastion_port)
        elif options.command == "down":
            from sandbox.down import down

            down(place)
        elif options.command == "status":
            from sandbox.status import show

            show(place, as_json=options.json)
        else:
            from sandbox.logs import show_console

            show_console(place, options.vm)
        sys.stdout.flush()
    except BrokenPipeError:
        hush()
    except (EngineError, ValueError, OSError) as error:
        print(f"sandbox {options.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A laptop as an OpenNebula cloud.")
    where = argparse.ArgumentParser(add_help=False)
    where.add_argument("--name", default="dev", help="which sandbox; several live side by side (default: dev)")
    where.add_argument(
        "--state-dir", type=Path, default=Path(".sandbox"), help="folder of the sandboxes' state (default: .sandbox)"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", parents=[where], help="start it, or repair it; quick when it runs")
    free = "0 for a free one (default: the one it has, else"
    up.add_argument("--api-port", type=_port, help=f"loopback port of the API, {free} {DEFAULT_API_PORT})")
    up.add_argument("--bastion-port", type=_port, help=f"loopback port of SSH's way in, {free} {DEFAULT_BASTION_PORT})")
    commands.add_parser("down", parents=[where], help="remove it with all it has")
    status = commands.add_parser("status", parents=[where], help="its VMs, networks, groups and addresses")
    status.add_argument("--json", action="store_true", help="for programs")
    logs = commands.add_parser("logs", parents=[where], help="a VM's console")
    logs.add_argument("vm", metavar="VM", help="id or name")
    return parser


def _port(text: str) -> int:
    if text.isdecimal() and int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is no port: use 0 to 65535")


if __name__ == "__main__":
    sys.exit(main())
