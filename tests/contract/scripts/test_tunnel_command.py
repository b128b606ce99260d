"""tunnel.py: Flower's own commands work in another shell while it runs."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.contract.scripts.conftest import BIN, Federation, free_ports

pytestmark = pytest.mark.timeout(120)

DRIVER = """\
import json, sys
from pathlib import Path
import outputs, tunnel
from problem import run_script

given = json.loads(Path(sys.argv.pop(1)).read_text())
outputs.read_outputs = lambda stack: outputs.parse_outputs(given, stack)
sys.exit(run_script(tunnel.main))
"""


def start(federation: Federation, tmp_path: Path, port: int) -> subprocess.Popen[str]:
    (tmp_path / "outputs.json").write_text(json.dumps(federation.outputs))
    scripts = Path(__file__).parents[3] / "scripts"
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(tmp_path / "outputs.json"), "--port", str(port), "--json"],
        env={**os.environ, "PYTHONPATH": str(scripts), "FLWR_HOME": str(tmp_path / "flwr"), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def flwr(tmp_path: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [BIN / "flwr", *arguments, "--format", "json"],
        env={**os.environ, "FLWR_HOME": str(tmp_path / "flwr")},
        capture_output=True,
        text=True,
        check=False,
    )
    return json.loads(done.stdout)


def test_flowers_own_commands_reach_the_superlink_until_ctrl_c(federation: Federation, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    tunnel = start(federation, tmp_path, port)
    try:
        said = json.loads(next(iter(tunnel.stdout or ())))
        assert said["address"] == f"127.0.0.1:{port}" and said["default"]
        nodes = flwr(tmp_path, "supernode", "list", "opennebula")
        assert nodes["success"]
        assert flwr(tmp_path, "ls")["success"]  # by the default connection
        connections = tomllib.loads((tmp_path / "flwr" / "config.toml").read_text())["superlink"]
        assert {"opennebula", "local-sim", "local"} <= set(connections)
    finally:
        os.killpg(tunnel.pid, signal.SIGINT)
        _, err = tunnel.communicate(timeout=20)
    assert (tunnel.returncode, err) == (0, "closed\n")
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()


def test_a_lost_tunnel_is_opened_again(federation: Federation, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    tunnel = start(federation, tmp_path, port)
    try:
        next(iter(tunnel.stdout or ()))
        federation.ssh.drop_connections()
        assert "opening it again" in next(iter(tunnel.stderr or ()))
    finally:
        tunnel.terminate()
        tunnel.communicate(timeout=20)
    assert tunnel.returncode == 0


def test_a_taken_port_is_named(federation: Federation, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        tunnel = start(federation, tmp_path, port)
        _, err = tunnel.communicate(timeout=20)
    assert tunnel.returncode == 1
    assert f"port {port} on 127.0.0.1 is taken" in err and "--port" in err
