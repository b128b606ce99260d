"""Which `command` plugin set-up links, and what Pulumi runs by the folder that Pulumi.yaml names."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tools import web
from tools.command import Shell
from tools.places import ROOT
from tools.steps import command_plugin


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone without plugin, of a user who has none either, where nothing can be downloaded."""
    folder = tmp_path / "a clone"
    folder.mkdir()
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "pulumi-home"))
    monkeypatch.setattr(command_plugin, "LOCAL", folder / ".tools")
    monkeypatch.setattr(command_plugin, "LINK", folder / ".tools" / "pulumi-resource-command")
    monkeypatch.setattr(web, "reachable", lambda site: False)
    return folder


def install_official() -> None:
    command_plugin.official().parent.mkdir(parents=True)
    command_plugin.official().write_text("#!/bin/sh\necho the official one: $*\n")
    command_plugin.official().chmod(0o755)


def start(clone: Path) -> subprocess.CompletedProcess[str]:
    """Start what Pulumi starts, as it lies in this repository, in the clone."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    (named,) = (plugin["path"] for plugin in project["plugins"]["providers"] if plugin["name"] == "command")
    shutil.copytree(ROOT / named, clone / named)
    plugin = clone / named / "pulumi-resource-command"
    return subprocess.run([plugin, "127.0.0.1:1"], env={"PATH": os.defpath}, capture_output=True, text=True)


def test_the_official_plugin_is_used_where_it_is_installed(clone: Path, tmp_path: Path) -> None:
    install_official()
    assert not command_plugin.done()
    command_plugin.run(Shell(tmp_path / "log"))
    assert command_plugin.done()
    assert start(clone).stdout == "the official one: 127.0.0.1:1\n"


def test_the_stand_in_is_used_where_the_official_plugin_cannot_be_had(clone: Path, tmp_path: Path) -> None:
    said = command_plugin.run(Shell(tmp_path / "log"))
    assert "the stand-in pulumi-command-offline is used" in said
    assert command_plugin.done()
    assert command_plugin.LINK.resolve() == command_plugin.STAND_IN


def test_a_plugin_that_was_removed_is_set_up_again(clone: Path, tmp_path: Path) -> None:
    install_official()
    command_plugin.run(Shell(tmp_path / "log"))
    command_plugin.official().unlink()
    assert not command_plugin.done()
    command_plugin.run(Shell(tmp_path / "log"))
    assert command_plugin.done()


def test_a_clone_that_is_not_set_up_says_what_to_do(clone: Path) -> None:
    ended = start(clone)
    assert ended.returncode == 1
    assert f"make -C '{clone}' setup" in ended.stderr
