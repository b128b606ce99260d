"""`.venv/bin/pulumi`: what it adds to the environment of the CLI, and what it leaves alone."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tools.places import ROOT

SHOWN = (
    "PULUMI_BACKEND_URL",
    "PULUMI_CONFIG_PASSPHRASE",
    "PULUMI_CONFIG_PASSPHRASE_FILE",
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
    "PULUMI_SKIP_UPDATE_CHECK",
    "PATH",
)


class Clone:
    """A set-up clone whose CLI prints its arguments and the variables above, and the home of its user."""

    def __init__(self, folder: Path) -> None:
        self.project = folder / "a clone"
        self.home = folder / "home"
        self.bin = self.project / ".venv" / "bin"
        cli = self.project / ".tools" / "pulumi" / "pulumi"
        for made in (self.bin, cli.parent, self.home):
            made.mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "wrappers" / "pulumi", self.bin)
        variables = "\n".join(f'[ -z "${{{name}+set}}" ] || echo "{name}=${name}"' for name in SHOWN)
        cli.write_text(f'#!/bin/sh\necho "arguments=$*"\n{variables}\n')
        cli.chmod(0o755)

    @property
    def passphrase(self) -> Path:
        return self.project / ".pulumi-local" / "passphrase"

    def pulumi(self, *arguments: str, **variables: str) -> dict[str, str]:
        environment = {"PATH": os.defpath, "HOME": str(self.home), **variables}
        command = [str(self.bin / "pulumi"), *arguments]
        ended = subprocess.run(command, env=environment, cwd="/", capture_output=True, text=True, check=True)
        return dict(line.split("=", 1) for line in ended.stdout.splitlines())


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_arguments_reach_the_cli_as_they_are(clone: Clone) -> None:
    assert clone.pulumi("config", "set", "supernodes", "4")["arguments"] == "config set supernodes 4"


def test_a_user_without_backend_gets_the_projects_from_any_folder(clone: Clone) -> None:
    seen = clone.pulumi("up")
    assert seen["PULUMI_BACKEND_URL"] == f"file://{clone.project}/.pulumi-local"
    assert seen["PULUMI_CONFIG_PASSPHRASE_FILE"] == str(clone.passphrase)


def test_the_passphrase_is_long_private_and_made_once(clone: Clone) -> None:
    clone.pulumi("up")
    first = clone.passphrase.read_text()
    clone.pulumi("up")
    assert len(first) == 64
    assert clone.passphrase.read_text() == first
    assert stat.S_IMODE(clone.passphrase.stat().st_mode) == 0o600
    assert [file.name for file in clone.passphrase.parent.iterdir()] == ["passphrase"]


def test_two_first_runs_at_once_agree_on_the_passphrase(clone: Clone) -> None:
    command = ["sh", "-c", "for n in 1 2 3 4 5 6; do .venv/bin/pulumi up & done; wait"]
    environment = {"PATH": os.defpath, "HOME": str(clone.home)}
    subprocess.run(command, cwd=clone.project, env=environment, capture_output=True, check=True)
    assert [file.name for file in clone.passphrase.parent.iterdir()] == ["passphrase"]
    assert len(clone.passphrase.read_text()) == 64


@pytest.mark.parametrize("variables", [{"PULUMI_BACKEND_URL": "s3://ours"}, {"PULUMI_ACCESS_TOKEN": "pul-1"}])
def test_a_backend_named_by_a_variable_is_left_alone(clone: Clone, variables: dict[str, str]) -> None:
    seen = clone.pulumi("up", **variables)
    assert seen.get("PULUMI_BACKEND_URL") == variables.get("PULUMI_BACKEND_URL")
    assert "PULUMI_CONFIG_PASSPHRASE_FILE" not in seen
    assert not clone.passphrase.parent.exists()


@pytest.mark.parametrize("variable", ["", "PULUMI_HOME", "PULUMI_CREDENTIALS_PATH"])
def test_a_login_is_left_alone(clone: Clone, tmp_path: Path, variable: str) -> None:
    folder = tmp_path / "elsewhere" if variable else clone.home / ".pulumi"
    folder.mkdir()
    (folder / "credentials.json").write_text('{\n    "current": "https://api.pulumi.com",\n    "accounts": {}\n}')
    assert "PULUMI_BACKEND_URL" not in clone.pulumi("up", **({variable: str(folder)} if variable else {}))


def test_a_logout_gives_the_projects_backend_back(clone: Clone) -> None:
    (clone.home / ".pulumi").mkdir()
    (clone.home / ".pulumi" / "credentials.json").write_text('{"current": "", "accounts": {}}')
    assert clone.pulumi("up")["PULUMI_BACKEND_URL"] == f"file://{clone.project}/.pulumi-local"


@pytest.mark.parametrize("command", ["login", "logout"])
def test_login_and_logout_are_not_diverted_to_the_projects_backend(clone: Clone, command: str) -> None:
    assert "PULUMI_BACKEND_URL" not in clone.pulumi(command)


@pytest.mark.parametrize(
    "variables",
    [{"PULUMI_CONFIG_PASSPHRASE": ""}, {"PULUMI_CONFIG_PASSPHRASE": "ours"}, {"PULUMI_CONFIG_PASSPHRASE_FILE": "/x"}],
    ids=["empty", "given", "file"],
)
def test_a_passphrase_of_the_users_own_is_left_alone(clone: Clone, variables: dict[str, str]) -> None:
    seen = clone.pulumi("up", **variables)
    assert {name: value for name, value in seen.items() if "PASSPHRASE" in name} == variables


def test_plugins_are_not_looked_for_where_the_stand_in_is_used(clone: Clone) -> None:
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in clone.pulumi("up")
    link = clone.project / ".tools" / "pulumi-resource-command"
    link.symlink_to("/home/.pulumi/plugins/resource-command-v1.2.1/pulumi-resource-command")
    assert "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION" not in clone.pulumi("up")
    link.unlink()
    link.symlink_to(clone.project / "pulumi-command-offline" / "pulumi-resource-command")
    assert clone.pulumi("up")["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"


def test_the_environments_python_comes_first_on_path(clone: Clone) -> None:
    assert clone.pulumi("up")["PATH"] == f"{clone.bin}:{os.defpath}"
    assert clone.pulumi("up", PATH=f"{clone.bin}:{os.defpath}")["PATH"] == f"{clone.bin}:{os.defpath}"


def test_a_missing_cli_is_told_with_the_command_that_brings_it(clone: Clone) -> None:
    shutil.rmtree(clone.project / ".tools")
    environment = {"PATH": os.defpath, "HOME": str(clone.home)}
    ended = subprocess.run([clone.bin / "pulumi", "up"], env=environment, capture_output=True, text=True)
    assert ended.returncode == 127
    assert f"make -C '{clone.project}' setup" in ended.stderr
