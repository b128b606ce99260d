"""Hold the tunnel to the SuperLink, so that Flower's own commands work in another shell.

    python scripts/tunnel.py      # then, elsewhere: flwr run flower_app opennebula, flwr ls, flwr log, flwr stop

The connections `opennebula` and `local-sim` are written to Flower's own configuration, $FLWR_HOME/config.toml or
~/.flwr/config.toml, and stay there, so that the same commands work next time. `opennebula` becomes the default one
where that was Flower's own, `local`. All else in the file is kept to the letter. Ctrl-C closes the tunnel.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from problem import Problem, listen_to_signals, run_script

if TYPE_CHECKING:  # loaded when needed: --help answers at once
    from ssh import Tunnel

PORT = 9093
SIMULATED = 2
LOCAL_SIM = f'[superlink.local-sim]\naddress = ":local:"\noptions.num-supernodes = {SIMULATED}\n'


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(
        description="Hold the tunnel to the SuperLink, so that flwr run, ls, log and stop work in another shell."
    )
    parser.add_argument("--stack", metavar="NAME", help="Pulumi stack (default: the selected one)")
    parser.add_argument("--port", type=int, default=PORT, metavar="N", help="port on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print address, connection and configuration file as JSON")
    options = parser.parse_args()
    if not 1 <= options.port <= 65535:
        parser.error(f"--port {options.port}: must be between 1 and 65535")
    listen_to_signals()

    from flower import CONNECTION, connection_table
    from outputs import read_outputs
    from ssh import Tunnel, write_ssh_config

    outputs = read_outputs(options.stack)
    with (
        tempfile.TemporaryDirectory(prefix="flower-") as folder,
        Tunnel(write_ssh_config(Path(folder), outputs), outputs, options.port) as tunnel,
    ):
        config = write_connections({CONNECTION: connection_table(tunnel.address), "local-sim": LOCAL_SIM})
        default = _default(tomllib.loads(config.read_text())) == CONNECTION
        if options.json:
            said = {"address": tunnel.address, "connection": CONNECTION, "default": default, "config": str(config)}
            print(json.dumps(said), flush=True)
        else:
            name = "" if default else f" {CONNECTION}"
            print(f"{tunnel.address} is the SuperLink's Control API; connection {CONNECTION} in {config}")
            print("In another shell:")
            for command in (f"run flower_app {CONNECTION} --stream", *(c + name for c in ("ls", "log ID", "stop ID"))):
                print(f"  flwr {command}")
            print("Ctrl-C closes the tunnel.", flush=True)
        try:
            hold(tunnel)
        except KeyboardInterrupt:
            print("closed", file=sys.stderr)
    return 0


def hold(tunnel: Tunnel) -> None:
    """Keep the tunnel open for ever; raise `Problem` when it cannot be opened again."""
    while True:
        if not tunnel.open:
            print("the tunnel was lost, opening it again", file=sys.stderr)
            tunnel.connect()
        time.sleep(1)


def write_connections(tables: dict[str, str]) -> Path:
    """Put the TOML table of each connection into Flower's configuration; return the file (0600 if it is new)."""
    from report import replace_text

    config = (Path(os.environ.get("FLWR_HOME") or Path.home() / ".flwr") / "config.toml").resolve()
    if not config.exists():
        _make_default_config()
        config.chmod(0o600)
    before = config.read_text()
    after = merge_connections(before, tables, config)
    if after != before:
        replace_text(config, after)
    return config


def merge_connections(text: str, tables: dict[str, str], file: Path) -> str:
    """Return the TOML `text` with the table superlink.<name> of each name replaced by, or with it appended.

    The first name becomes the default connection if `local` was. Nothing else changes, comments included: checked by
    parsing both. Raise `Problem` where that cannot be done.
    """
    ours = next(iter(tables))
    merged = re.sub(r'(?m)^(\s*default\s*=\s*)["\']local["\']', rf'\1"{ours}"', text, count=1)
    for name, table in tables.items():
        merged = _without_table(merged, f"superlink.{name}").rstrip("\n")
        merged = f"{merged}\n\n{table}" if merged else table
    try:
        before, after = tomllib.loads(text), tomllib.loads(merged)
        kept = _others(before, tables) == _others(after, tables) and _default(after) in (_default(before), ours)
    except tomllib.TOMLDecodeError:
        kept = False
    if not kept:
        raise Problem(
            f"{file} cannot be edited without a risk to what else is in it",
            "Put this into it yourself, then start again:\n\n" + "\n".join(tables.values()),
        )
    return merged


def _others(parsed: dict[str, Any], tables: dict[str, str]) -> dict[str, Any]:
    """What is not ours to change."""
    ours = {*tables, "default"}
    superlink = {name: table for name, table in parsed.get("superlink", {}).items() if name not in ours}
    return {**parsed, "superlink": superlink}


def _default(parsed: dict[str, Any]) -> str | None:
    default = parsed.get("superlink", {}).get("default")
    return default if isinstance(default, str) else None


def _without_table(text: str, name: str) -> str:
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.lstrip().startswith("["):
            header = line.strip().split("#")[0].strip()
            inside = header == f"[{name}]" or header.startswith(f"[{name}.")
        if not inside:
            kept.append(line)
    return "".join(kept)


def _make_default_config() -> None:
    """Let Flower write its own default first, or its `local` connection would be missing."""
    from flower import tool_environment

    subprocess.run(["flwr", "config", "list"], env=tool_environment(), capture_output=True, check=True)


if __name__ == "__main__":
    sys.exit(run_script(main))
