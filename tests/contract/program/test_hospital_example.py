"""Pulumi.hospital.yaml, followed as its text says, on a cloud that has what it names."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import certifi
import pytest

from tests.contract.program.conftest import PASSWORD, Program


@pytest.fixture(scope="module")
def hospital(program: Program, ours: Callable[..., dict[str, Any]]) -> str:
    """A stack of that example's settings; the endpoint, the files and the credentials are the test's."""
    certificates = {"opennebula:caBundle": certifi.where(), "opennebula:authFile": None}
    settings = ours("hospital", **certificates)
    sites = settings["flower-on-opennebula:sites"]
    for name in [settings["superlink:stateImage"], *(site["dataImage"] for site in sites)]:
        program.cloud.call("image.allocate", f'NAME="{name}"\nTYPE="DATABLOCK"\nSIZE="64"\nPERSISTENT="YES"', 1)
    program.write("ours", settings)
    program.pulumi("stack", "init", "ours")
    program.pulumi("config", "set", "--stack", "ours", "opennebula:username", "oneadmin")
    program.pulumi("config", "set", "--stack", "ours", "--secret", "opennebula:password", PASSWORD)
    return "ours"


def test_the_example_of_a_real_cloud_can_be_deployed_as_it_stands(program: Program, hospital: str) -> None:
    planned = program.pulumi("preview", "--json", "--stack", hospital)
    assert planned.returncode == 0, planned.stdout
    steps = [step["newState"] for step in json.loads(planned.stdout)["steps"]]
    machines = {
        step["inputs"]["name"]: (step["inputs"]["nics"][0]["ip"], step["inputs"].get("schedRequirements"))
        for step in steps
        if step["type"] == "opennebula:index:VirtualMachine"
    }
    assert machines == {
        "flower-superlink": ("172.16.100.3", None),
        "flower-st-agnes": ("172.16.100.4", 'CLUSTER = "hospital-a"'),
        "flower-northside": ("172.16.100.5", 'CLUSTER = "hospital-b"'),
        "flower-university-clinic": ("172.16.100.6", 'NAME = "kvm-clinic-2"'),
    }


def test_the_clouds_password_is_nowhere_in_clear(program: Program, hospital: str) -> None:
    program.pulumi("config", "set", "--stack", hospital, "machine:image", "not-there")
    said = program.pulumi("up", "--yes", "--skip-preview", "--stack", hospital)  # so far that the provider is recorded
    exported = program.pulumi("stack", "export", "--stack", hospital).stdout
    resources = json.loads(exported)["deployment"]["resources"]
    (provider,) = [found for found in resources if found["type"] == "pulumi:providers:opennebula"]
    assert "ciphertext" in provider["inputs"]["password"]
    settings = (program.folder / f"Pulumi.{hospital}.yaml").read_text()
    assert all(PASSWORD not in text for text in (said.stdout, exported, settings))
