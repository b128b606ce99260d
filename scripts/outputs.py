"""What `pulumi up` left for the scripts: the stack's outputs, typed and checked."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flower import tool_environment
from problem import Problem

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class MachineOutput:
    """A machine of the federation: `site` is empty for the SuperLink; `ip` is its private address."""

    name: str
    ip: str
    site: str
    image_digest: str


@dataclass(frozen=True)
class Bastion:
    """The way in: OpenSSH's host, port and user."""

    host: str
    port: int
    user: str


@dataclass(frozen=True)
class StackOutputs:
    """Everything the scripts need to reach a federation; `control_endpoint` is host:port on the SuperLink's machine."""

    control_endpoint: str
    superlink: MachineOutput
    supernodes: tuple[MachineOutput, ...]
    bastion: Bastion | None
    user: str
    private_key_file: Path
    known_hosts: str
    images: dict[str, str]


def read_outputs(stack: str | None = None) -> StackOutputs:
    """Return the outputs of `stack`, or of the selected one; raise `Problem` when there is none or it is not up."""
    selected = ["--stack", stack] if stack else []
    try:
        done = subprocess.run(
            ["pulumi", "stack", "output", "--json", "--show-secrets", "--non-interactive", *selected],
            cwd=PROJECT,
            env=tool_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise Problem(
            "pulumi: command not found", "Run `make setup`, then `. .venv/bin/activate` in this shell."
        ) from None
    if done.returncode:
        raise _no_outputs(done.stderr.strip(), stack)
    return parse_outputs(json.loads(done.stdout), stack)


def parse_outputs(outputs: dict[str, Any], stack: str | None = None) -> StackOutputs:
    """Return `outputs`, the JSON object that Pulumi prints, typed; raise `Problem` when the stack is not up."""
    name = f"stack {stack}" if stack else "the selected stack"
    if not outputs:
        raise Problem(
            f"{name} has nothing deployed: it was destroyed, or `pulumi up` did not run yet",
            "Run `pulumi up`, then train again.",
        )
    try:
        ssh, bastion = outputs["ssh"], outputs["bastion"]
        return StackOutputs(
            control_endpoint=outputs["controlEndpoint"],
            superlink=_machine(outputs["superlink"]),
            supernodes=tuple(_machine(node) for node in outputs["supernodes"]),
            bastion=Bastion(bastion["host"], int(bastion["port"]), bastion["user"]) if bastion else None,
            user=ssh["user"],
            private_key_file=PROJECT / Path(ssh["privateKeyFile"]).expanduser(),
            known_hosts=outputs["sshKnownHosts"],
            images=outputs["images"],
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise Problem(
            f"{name} has no usable output {wrong}: its last `pulumi up` stopped early or was of another version",
            "Run `pulumi up` to its end, then train again.",
        ) from None


def _machine(output: dict[str, Any]) -> MachineOutput:
    return MachineOutput(output["name"], output["ip"], output.get("site", ""), output.get("imageDigest") or "")


def _no_outputs(message: str, stack: str | None) -> Problem:
    said = message.removeprefix("error: ")
    if "no stack named" in message or "no stack selected" in message or "no current project" in message:
        named = f"there is no stack {stack}" if stack else "no stack is selected"
        return Problem(
            f"{named} ({said})",
            "`pulumi stack ls` lists the stacks; choose one by `pulumi stack select NAME` or --stack, "
            "or make one with `pulumi up`.",
        )
    if "passphrase" in message:
        return Problem(
            f"the stack's secrets cannot be read: {said}",
            "Set PULUMI_CONFIG_PASSPHRASE (or _FILE) to what the stack was made with, or activate .venv in this shell.",
        )
    return Problem(f"the stack's outputs cannot be read: {said}", "Try `pulumi stack output` for the whole story.")
