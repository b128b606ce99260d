"""The command line, the ports and the keys, without Docker."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import guest_images, keys, ports
from sandbox.__main__ import main
from sandbox.place import Place, locate


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["start"], "invalid choice: 'start'"),
        (["logs"], "VM"),
        (["up", "--api-port", "70000"], "'70000' is no port"),
        (["up", "--bastion-port", "ssh"], "'ssh' is no port"),
    ],
)
def test_wrong_use_is_named(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [["up"], ["down"], ["status"], ["logs", "0"]])
def test_without_docker_every_command_says_how_to_get_it(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    assert main([*command, "--state-dir", str(tmp_path / "state")]) == 1
    said = capsys.readouterr().err
    assert f"Docker does not answer at unix://{tmp_path}/no.sock" in said
    assert "make setup" in said
    assert not (tmp_path / "state").exists()


def test_a_wrong_name_is_an_error_before_anything_happens(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["up", "--name", "My Cloud"]) == 1
    assert "--name 'My Cloud'" in capsys.readouterr().err


def test_work_goes_on_when_nobody_reads_its_progress_any_more(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from sandbox.progress import step
with step("first"): pass
with step("second"): Path({str(tmp_path / "done")!r}).touch()
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert (process.stderr.read(), process.wait()) == (b"", 0)
    assert (tmp_path / "done").exists()


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert not ports.is_free(listener.getsockname()[1])


def test_a_chosen_port_is_free() -> None:
    assert ports.is_free(ports.choose_free())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "dev").mkdir()
    return Place("dev", tmp_path / "dev", 2633, 2222)


def test_secrets_are_made_once_and_for_their_owner_alone(place: Place) -> None:
    keys.ensure(place)
    secrets = (place.one_auth, place.private_key, place.bastion_key)
    before = [secret.read_text() for secret in secrets]
    keys.ensure(place)
    assert [secret.read_text() for secret in secrets] == before
    assert {secret.stat().st_mode & 0o777 for secret in secrets} == {0o600}
    assert before[0].startswith("oneadmin:")
    assert all(text.startswith("-----BEGIN OPENSSH PRIVATE KEY-----") for text in before[1:])


def test_the_bastions_key_is_pinned_at_its_port(place: Place) -> None:
    keys.ensure(place)
    name, kind, _ = place.known_hosts.read_text().split(maxsplit=2)
    assert (name, kind) == ("[127.0.0.1]:2222", "ssh-ed25519")


def test_a_half_made_key_is_made_again(place: Place) -> None:
    place.private_key.write_text("half")
    keys.ensure(place)
    assert place.private_key.read_text().startswith("-----BEGIN OPENSSH")
    assert keys.public_half(place.private_key).exists()


def test_the_guest_images_name_follows_what_is_in_them(tmp_path: Path) -> None:
    def image(name: str, content: str, mode: int = 0o644) -> Path:
        folder = tmp_path / f"{name}-{len(content)}-{mode}"
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "junk.pyc").write_text(str(folder))
        (folder / name).write_text(content)
        (folder / name).chmod(mode)
        return folder

    different = [image("init", "a"), image("init", "ab"), image("init", "a", 0o755), image("boot", "a")]
    assert len({guest_images.content_hash(folder) for folder in different}) == 4
    same = shutil.copytree(different[0], tmp_path / "copy")
    assert guest_images.content_hash(same) == guest_images.content_hash(different[0])


def test_every_seed_image_is_a_target_of_the_dockerfile() -> None:
    dockerfile = (Path(guest_images.__file__).parent / "guest" / "Dockerfile").read_text()
    for target in (guest_images.BASTION, *(seed.source for seed in guest_images.SEEDS)):
        assert f" AS {target}\n" in dockerfile


def test_a_sandbox_that_never_was_has_no_ports(tmp_path: Path) -> None:
    assert locate("dev", tmp_path).api_port == 0
