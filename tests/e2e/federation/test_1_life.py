"""The daily life of a federation: up, look, train, grow, shrink, change. In the order of the file."""

from __future__ import annotations

import json
from ipaddress import IPv4Network

from tests.e2e.federation.workspace import Workspace


def started(federation: Workspace, *names: str) -> dict[str, tuple[str, str, str]]:
    """VM id, boot time and the container's StartedAt of each machine: what a restart or a replacement would change."""
    vms = federation.vms()
    return {
        name: (
            str(vms[name]["id"]),
            federation.on(name, "cut -d' ' -f22 /proc/1/stat").strip(),
            federation.inspect(name, "{{.Id}} {{.State.StartedAt}}"),
        )
        for name in names
    }


def goodbyes(federation: Workspace) -> int:
    """How many SuperNodes have told the SuperLink that they go."""
    log = "docker logs flower-superlink 2>&1 | grep -c Fleet.DeactivateNode || true"
    return int(federation.on("flower-superlink", log))


def test_up_brings_one_superlink_and_two_supernodes(federation: Workspace) -> None:
    assert set(federation.vms()) == {"flower-superlink", "flower-supernode-1", "flower-supernode-2"}


def test_outputs_name_what_is_there(federation: Workspace) -> None:
    subnet, vms, outputs = IPv4Network(federation.subnet), federation.vms(), federation.outputs()
    assert outputs["superlinkEndpoint"] == f"{subnet[3]}:9092"
    nodes = {node["name"]: (node["ip"], int(node["vmId"])) for node in outputs["supernodes"]}
    assert nodes == {
        f"flower-supernode-{n}": (str(subnet[3 + n]), int(vms[f"flower-supernode-{n}"]["id"])) for n in (1, 2)
    }
    digest = outputs["supernodes"][0]["imageDigest"]
    assert digest == federation.inspect(outputs["supernodes"][0]["name"], "{{.Image}}")


def test_a_site_has_its_own_partition_and_nobody_elses(federation: Workspace) -> None:
    first, second = (
        federation.on(node["name"], "sha256sum /srv/flower/data/train-images-idx3-ubyte").split()[0]
        for node in federation.outputs()["supernodes"]
    )
    assert first != second
    assert (
        federation.on("flower-superlink", "find / -xdev -name '*-ubyte*' -not -path '/proc/*' 2>/dev/null || true")
        == ""
    )


def test_a_second_up_finds_nothing_to_do(federation: Workspace) -> None:
    names = list(federation.vms())
    before = started(federation, *names)
    federation.up_finds_nothing_to_do()
    assert started(federation, *names) == before


def test_a_refresh_finds_no_drift(federation: Workspace) -> None:
    federation.pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_training_learns_on_both_sites(federation: Workspace) -> None:
    report = json.loads(federation.run("python", "scripts/train.py", "--stack", "e2e", "--rounds", "1", "--json"))
    assert report["status"] == "completed"
    assert [r["round"] for r in report["rounds"]] == [1]
    assert set(report["rounds"][0]["sites"]) == {"supernode-1", "supernode-2"}
    assert report["rounds"][0]["accuracy"] > 0.5  # one of ten classes by chance: 0.1


def test_a_changed_app_runs_next_time_and_rebuilds_nothing(federation: Workspace) -> None:
    names = list(federation.vms())
    before = started(federation, *names)
    app = federation.folder / "flower_app/flower_app/server_app.py"
    as_it_was = app.read_text()
    first_line = "    settings = Settings.of(run_config)\n"
    app.write_text(as_it_was.replace(first_line, f'    raise RuntimeError("the changed app ran")\n{first_line}'))
    federation.up_finds_nothing_to_do()
    assert "the changed app ran" in federation.refused("python", "scripts/train.py", "--stack", "e2e")
    app.write_text(as_it_was)
    assert started(federation, *names) == before


def test_growing_to_four_leaves_the_others_alone_and_shrinking_removes_the_two(federation: Workspace) -> None:
    names = list(federation.vms())
    before = started(federation, *names)
    federation.pulumi("config", "set", "supernodes", "4")
    federation.up()
    assert set(federation.vms()) - set(names) == {"flower-supernode-3", "flower-supernode-4"}
    assert started(federation, *names) == before
    report = json.loads(federation.run("python", "scripts/train.py", "--stack", "e2e", "--rounds", "1", "--json"))
    assert set(report["rounds"][0]["sites"]) == {f"supernode-{number}" for number in (1, 2, 3, 4)}

    said = goodbyes(federation)
    federation.pulumi("config", "set", "supernodes", "2")
    federation.up()
    assert set(federation.vms()) == set(names)
    assert started(federation, *names) == before
    assert goodbyes(federation) == said + 2  # their machines were shut down, not cut off


def test_a_changed_image_restarts_its_containers_alone(federation: Workspace) -> None:
    nodes = ["flower-supernode-1", "flower-supernode-2"]
    before = started(federation, "flower-superlink", *nodes)
    dockerfile = federation.folder / "images/supernode/Dockerfile"
    dockerfile.write_text(dockerfile.read_text() + 'LABEL changed="yes"\n')
    federation.up()
    after = started(federation, "flower-superlink", *nodes)
    assert after["flower-superlink"] == before["flower-superlink"]
    for node in nodes:
        assert after[node][:2] == before[node][:2]  # the same machine, not rebooted
        assert after[node][2] != before[node][2]  # another container
        assert federation.inspect(node, "{{.Config.Labels.changed}}") == "yes"
