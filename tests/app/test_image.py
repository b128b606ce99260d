"""What the SuperNode's image is: as many threads as CPUs, nobody's privileges, no data, nobody's certificates."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
import torch


@pytest.mark.parametrize(("given", "threads"), [({}, "1"), ({"OMP_NUM_THREADS": "3"}, "3")])
def test_there_is_a_thread_for_each_cpu_of_the_limit(tmp_path: Path, given: dict[str, str], threads: str) -> None:
    """The container has --cpus 1, whatever the host has."""
    supernode = tmp_path / "flower-supernode"
    supernode.write_text('#!/bin/sh\necho "$OMP_NUM_THREADS $*"\n')
    supernode.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **given}
    command = ["start-supernode", "--node-config", 'site="a b"']
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    assert said == f'{threads} --node-config site="a b"\n'


def test_torch_computes_with_openblas() -> None:
    libraries = Path("/proc/self/maps").read_text()
    assert torch.ones(64, 64).matmul(torch.ones(64, 64)).sum() == 64**3
    assert "openblas" in libraries


def test_the_process_is_nobody_special() -> None:
    status = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
    assert os.getuid() == os.getgid() == 49999
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0


def test_the_image_holds_no_data_and_no_certificates_of_the_builder() -> None:
    left = [path for folder in ("/build", "/usr/share/datasets", "/root/.cache") for path in Path(folder).glob("*")]
    assert not left
    assert not list(Path("/opt/flower").rglob("certificates.crt"))


def test_nothing_is_reported_to_anybody() -> None:
    switches = ("FLWR_TELEMETRY_ENABLED", "RAY_USAGE_STATS_ENABLED", "HF_HUB_DISABLE_TELEMETRY")
    assert [os.environ[switch] for switch in switches] == ["0", "0", "1"]
