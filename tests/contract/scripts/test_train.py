"""train.py against a real SuperLink and real SuperNodes, through OpenSSH and a bastion."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tests.contract.scripts.conftest import Federation, Train, Training, wait_for

pytestmark = pytest.mark.timeout(180)


def nothing_left(federation: Federation, training: Training) -> bool:
    """No SSH connection stands, and the private folder (keys, FLWR_HOME) is gone."""
    return not federation.ssh.connections and not list(training.folder.glob("flower-*"))


def wait_until(training: Training, words: str) -> None:
    deadline = time.monotonic() + 60
    while words not in training.out:
        assert training.process.poll() is None, training.out + training.err
        assert time.monotonic() < deadline, training.out + training.err
        time.sleep(0.05)


def test_a_run_is_submitted_followed_and_reported(federation: Federation, train: Train) -> None:
    training = train("--rounds", "2", "--lr", "0.5", "--json")
    assert training.wait() == 0, training.out + training.err
    report = training.report
    assert json.loads(training.out) == report
    assert report["status"] == "completed"
    assert [round_["round"] for round_ in report["rounds"]] == [1, 2]
    assert set(report["rounds"][0]["sites"]) == {"site-0", "site-1"}
    assert (report["settings"]["learning-rate"], report["settings"]["min-supernodes"]) == (0.5, 2)
    assert report["bytes"] == {"up": 128, "down": 128}
    assert report["digests"]["supernode-0"] == "sha256:bbb"
    assert len(report["digests"]["app"]) == 64
    assert report["versions"]["flwr"] == "1.36.0"
    assert "2 of 2 SuperNodes online" in training.err
    assert "round 2/2: accuracy" in training.err
    folder = training.folder / "runs" / "latest"
    assert {file.name for file in folder.iterdir()} == {
        "report.json",
        "report.html",
        "metrics.csv",
        "accuracy-loss.png",
        "flower.log",
    }
    assert nothing_left(federation, training)


def test_ctrl_c_stops_the_run_and_keeps_what_is_known(federation: Federation, train: Train) -> None:
    """A terminal sends SIGINT to the whole foreground group: ssh and flwr must outlive it until the run has stopped."""
    training = train("--rounds", "50")
    wait_until(training, "round 1/50")
    os.killpg(training.process.pid, signal.SIGINT)
    assert training.wait(60) == 130
    report = training.report
    assert "asking Flower to stop" in training.out
    assert f"run {report['run_id']} is stopped" in training.out
    assert report["status"] == "stopped" and report["rounds"]
    assert "stopped before its end" in (training.folder / "runs" / "latest" / "report.html").read_text()
    assert nothing_left(federation, training)


def test_a_killed_process_takes_its_tunnel_along(federation: Federation, train: Train) -> None:
    training = train("--rounds", "1", "--min-supernodes", "2")
    wait_until(training, "SuperNodes online")
    training.process.kill()
    training.wait()
    wait_for(lambda: not federation.ssh.connections)


def test_a_lost_stream_is_taken_up_again(federation: Federation, train: Train) -> None:
    training = train("--rounds", "3")
    wait_until(training, "round 1/3")
    federation.ssh.drop_connections()
    assert training.wait() == 0, training.out + training.err
    assert "lost the log stream" in training.out
    assert training.out.count("round 1/3: accuracy") == 1
    assert [round_["round"] for round_ in training.report["rounds"]] == [1, 2, 3]


def test_a_detached_run_is_followed_later(federation: Federation, train: Train) -> None:
    submitted = train("--rounds", "1", "--detach", "--json")
    assert submitted.wait() == 0, submitted.err
    report = json.loads(submitted.out)
    run_id = report["run_id"]
    assert f"--follow {run_id}" in submitted.err
    followed = train("--follow", run_id)
    assert followed.wait() == 0, followed.out + followed.err
    assert (followed.report["run_id"], followed.report["status"]) == (run_id, "completed")
    assert len(followed.report["rounds"]) == 1
    assert followed.report["started_at"] <= report["started_at"]


def test_an_unknown_run_is_told(train: Train) -> None:
    training = train("--follow", "12345")
    assert training.wait() == 1
    assert "the SuperLink knows no run 12345" in training.err and "flwr ls" in training.err
    assert not (training.folder / "runs").exists()


def test_an_error_of_a_site_is_shown_with_its_traceback(train: Train, tmp_path: Path) -> None:
    app = tmp_path / "app"
    shutil.copytree(Path(__file__).parent / "tiny_app", app)
    project = app / "pyproject.toml"
    project.write_text(project.read_text().replace('break-site = ""', 'break-site = "site-1"'))
    training = train("--rounds", "1", app=app)
    assert training.wait() == 1
    report = training.report
    assert report["status"] == "failed"
    assert report["error"]["site"] == "site-1"
    assert "/data/train-images-idx3-ubyte" in report["error"]["traceback"]
    assert "error at site-1" in training.out and "/data/train-images-idx3-ubyte" in training.out


def test_an_app_that_cannot_be_sent_is_named(federation: Federation, train: Train, tmp_path: Path) -> None:
    training = train("--rounds", "1", app=tmp_path)
    assert training.wait() == 1
    assert "pyproject.toml" in training.err and "Traceback" not in training.err
    assert nothing_left(federation, training)


def test_more_supernodes_than_the_stack_has_are_refused(train: Train) -> None:
    training = train("--min-supernodes", "3")
    assert training.wait() == 1
    assert "--min-supernodes 3: the stack has 2 SuperNodes" in training.err
    assert "pulumi config set supernodes 3" in training.err


def test_supernodes_that_are_not_online_are_named_with_the_reason(federation: Federation, train: Train) -> None:
    federation.stop("supernode-1")
    try:
        training = train("--rounds", "1", patience=1.0)
        assert training.wait() == 1
        assert "1 of 2 SuperNodes are online, 2 are wanted" in training.err
        assert "site-1 (supernode-1, 172.16.100.5): its container is exited" in training.err
        assert "site-0 (" not in training.err
        assert "`pulumi up --replace '**::site-1-container-run'`" in training.err
        assert "--min-supernodes 1" in training.err

        fewer = train("--rounds", "1", "--min-supernodes", "1")
        assert fewer.wait() == 0, fewer.out + fewer.err
        assert "without site-1 (supernode-1, 172.16.100.5)" in fewer.out

        away = federation.ssh.routes.pop(("172.16.100.5", 22))
        unreachable = train("--rounds", "1", patience=1.0)
        assert unreachable.wait() == 1
        assert "site-1 (supernode-1, 172.16.100.5): its machine does not answer" in unreachable.err
        federation.ssh.routes["172.16.100.5", 22] = away
    finally:
        federation.supernode(1)


def refused(federation: Federation, case: str, tmp_path: Path) -> dict[str, Any]:
    outputs = federation.outputs
    if case == "bastion down":
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        return {"bastion": {**outputs["bastion"], "port": port}}
    if case == "machine gone":
        return {"superlink": {**outputs["superlink"], "ip": "172.16.100.99"}}
    if case == "host key changed":
        key = asyncssh.generate_private_key("ssh-ed25519").export_public_key("openssh").decode()
        return {"sshKnownHosts": f"[127.0.0.1]:{outputs['bastion']['port']} {key}"}
    if case == "host unknown":
        return {"sshKnownHosts": ""}
    if case == "key refused":
        wrong = tmp_path / "wrong"
        wrong.touch(mode=0o600)
        wrong.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key("openssh"))
        return {"ssh": {**outputs["ssh"], "privateKeyFile": str(wrong)}}
    assert case == "key missing"
    return {"ssh": {**outputs["ssh"], "privateKeyFile": str(tmp_path / "gone")}}


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("bastion down", "no SSH connection to the bastion 127.0.0.1:"),
        ("machine gone", "the SuperLink's machine superlink (172.16.100.99) does not answer behind the bastion"),
        ("host key changed", "a host key is not the one that was pinned"),
        ("host unknown", "a host key is not the one that was pinned"),
        ("key refused", "is refused"),
        ("key missing", "the key that opens the machines is not there"),
    ],
)
def test_a_tunnel_that_cannot_be_opened_says_why(
    federation: Federation, train: Train, tmp_path: Path, case: str, message: str
) -> None:
    training = train("--rounds", "1", **refused(federation, case, tmp_path))
    assert training.wait() == 1
    assert message in training.err
    assert "Traceback" not in training.err
    assert not (training.folder / "runs").exists()
    assert nothing_left(federation, training)
