"""What the program asks of the cloud: policies that hold for every deployment, and what changes when one grows."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from infra.stack_config import SettingsError

if TYPE_CHECKING:
    from tests.unit.infra.conftest import Deployment

NAMES = "flower-on-opennebula:{}"
Deploy = Callable[..., "Deployment"]


@pytest.fixture
def two(deploy: Deploy) -> Deployment:
    return deploy({NAMES.format("sampleData"): "fashion-mnist"})


def rules(deployment: Deployment, group: str, direction: str) -> list[tuple[Any, ...]]:
    found = deployment.resources[f"flower-test-{group}"].inputs["rules"]
    return [
        (rule["protocol"], rule.get("range"), rule["ip"], rule["size"])
        for rule in found
        if rule["ruleType"] == direction
    ]


def group_id(group: str) -> int:
    return 100 + sum(f"flower-test-{group}".encode()) % 900  # as the cloud of conftest.py gives them


def containers(deployment: Deployment) -> dict[str, list[str]]:
    """The `docker run` of each container, as words."""
    found = {}
    for name, command in deployment.of_type("remote:Command").items():
        if name.endswith("-container-run"):
            script = command.inputs["stdin"]
            start = script[script.index("docker run ") : script.index(" >/dev/null\n}\n\nlistening")]
            found[name.removesuffix("-container-run")] = shlex.split(start.replace("\\\n", " "))
    return found


# --- packet filters


def test_ssh_comes_from_the_bastion_alone(two: Deployment) -> None:
    assert rules(two, "base", "INBOUND") == [("TCP", "22", "172.16.100.1", 1)]


def test_ssh_comes_from_the_allowed_network_where_there_is_no_bastion(deploy: Deploy) -> None:
    without = {"bastion:host": None, "bastion:port": None, "bastion:knownHosts": None, "ssh:allowedFrom": "10.9.0.0/24"}
    assert rules(deploy(without), "base", "INBOUND") == [("TCP", "22", "10.9.0.0", 256)]


def test_the_fleet_api_is_open_to_the_private_network_alone(two: Deployment) -> None:
    assert rules(two, "superlink", "INBOUND") == [("TCP", "9092", "172.16.100.0", 256)]


def test_nothing_but_ssh_reaches_a_supernode(two: Deployment) -> None:
    assert rules(two, "supernode", "INBOUND") == []


def test_a_supernode_reaches_the_superlink_and_nothing_else(two: Deployment) -> None:
    assert rules(two, "supernode", "OUTBOUND") == [("TCP", "9092", "172.16.100.3", 1)]
    assert rules(two, "base", "OUTBOUND") == []
    assert rules(two, "superlink", "OUTBOUND") == []


def test_egress_and_name_servers_are_all_that_opens_the_way_out(deploy: Deploy) -> None:
    deployment = deploy({"network:egress": '["10.1.2.0/24"]', "network:dns": '["10.0.0.2"]'})
    assert rules(deployment, "base", "OUTBOUND") == [
        ("UDP", "53", "10.0.0.2", 1),
        ("TCP", "53", "10.0.0.2", 1),
        ("ALL", None, "10.1.2.0", 256),
    ]


def test_no_group_ever_opens_the_control_api(two: Deployment) -> None:
    ports = [rule.get("range") for group in two.of_type("SecurityGroup").values() for rule in group.inputs["rules"]]
    assert "9093" not in ports
    assert None not in [
        range for group in ("base", "superlink", "supernode") for _, range, *_ in rules(two, group, "INBOUND")
    ]


def test_the_network_carries_the_narrowest_group_so_that_opennebula_adds_no_open_one(two: Deployment) -> None:
    assert two.resources["flower-test"].inputs["securityGroups"] == [group_id("base")]


def test_a_machine_carries_the_base_group_and_that_of_its_part(two: Deployment) -> None:
    for name, vm in two.of_type("VirtualMachine").items():
        part = "superlink" if name == "superlink-vm" else "supernode"
        (nic,) = vm.inputs["nics"]
        assert nic["securityGroups"] == [group_id("base"), group_id(part)], name


def test_the_network_leases_from_the_superlink_up(two: Deployment) -> None:
    network = two.resources["flower-test"].inputs
    assert network["addressRanges"] == [{"type": "IP4", "ip4": "172.16.100.3", "size": 252}]
    assert (network["networkAddress"], network["networkMask"]) == ("172.16.100.0", "255.255.255.0")
    assert network["gateway"] == "172.16.100.1"


# --- an existing network

EXISTING = {
    "id": 5,
    "name": "campus",
    "vnMad": "vxlan",
    "bridge": "onebr5",
    "networkAddress": "172.16.100.0",
    "networkMask": "255.255.255.0",
    "addressRanges": [{"type": "IP4", "ip4": "172.16.100.3", "size": 100}],
    "leases": [
        {"ip": "172.16.100.3", "vmId": 40, "vmName": "flower-superlink", "own": True},
        {"ip": "172.16.100.50", "vmId": 41, "vmName": "web", "own": False},
    ],
    "securityGroups": [7],
}


def test_an_existing_network_is_used_and_none_is_made(deploy: Deploy) -> None:
    deployment = deploy({"network:name": "campus"}, network=EXISTING)
    assert deployment.of_type("VirtualNetwork") == {}
    assert {vm.inputs["nics"][0]["networkId"] for vm in deployment.of_type("VirtualMachine").values()} == {5}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"securityGroups": [0]}, "security group 0, which allows everything"),
        ({"networkAddress": "10.0.0.0"}, "its addresses are 10.0.0.0/24"),
        ({"addressRanges": [{"type": "IP4", "ip4": "172.16.100.4", "size": 9}]}, "does not lease 172.16.100.3"),
        (
            {"leases": [{"ip": "172.16.100.4", "vmId": 9, "vmName": "web", "own": False}]},
            "not all addresses are free: 172.16.100.4 is that of VM 9 (web)",
        ),
        ({"leases": [{"ip": "172.16.100.5", "own": False}]}, "172.16.100.5 is on hold"),
    ],
)
def test_an_existing_network_that_would_open_or_lacks_addresses_is_refused(
    deploy: Deploy, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(SettingsError, match="network:name = campus") as caught:
        deploy({"network:name": "campus"}, network={**EXISTING, **change})
    assert complaint in str(caught.value)


# --- containers


@pytest.mark.parametrize(
    "option",
    [
        "--user=49999:49999",
        "--read-only",
        "--cap-drop=ALL",
        "--security-opt=no-new-privileges",
        "--pids-limit=512",
        "--restart=unless-stopped",
        "--log-opt=max-size=10m",
    ],
)
def test_every_container_is_hardened(two: Deployment, option: str) -> None:
    found = containers(two)
    assert set(found) == {"superlink", "supernode-1", "supernode-2"}
    for name, words in found.items():
        assert option in words, name
        assert any(word.startswith("--memory=") for word in words), name
        assert not any(word.startswith(("--privileged", "--cap-add", "--publish", "-p")) for word in words), name


def test_control_and_app_apis_listen_on_loopback_alone(two: Deployment) -> None:
    words = containers(two)["superlink"]
    assert "--control-api-address=127.0.0.1:9093" in words
    assert "--fleet-api-address=172.16.100.3:9092" in words
    for name, found in containers(two).items():
        assert "--host=127.0.0.1" in found, name


def test_a_site_sees_its_data_read_only(two: Deployment) -> None:
    for name, words in containers(two).items():
        if name != "superlink":
            assert "--mount=type=bind,source=/srv/flower/data,target=/data,readonly" in words


def test_no_container_knows_how_many_take_part(two: Deployment) -> None:
    assert "num-partitions" not in json.dumps(containers(two))


def test_each_site_gets_its_own_partition_and_no_other(two: Deployment) -> None:
    copies = two.of_type("CopyToRemote")
    assert {name: copy.inputs["source"].path for name, copy in copies.items()} == {
        "supernode-1-data-copy": ".tools/sample-data/fashion-mnist/0/",
        "supernode-2-data-copy": ".tools/sample-data/fashion-mnist/1/",
    }
    for number in (1, 2):
        assert (
            f'--node-config=site="supernode-{number}" partition-id={number - 1}'
            in containers(two)[f"supernode-{number}"]
        )


def test_data_comes_only_where_the_settings_ask_for_it(deploy: Deploy) -> None:
    assert deploy().of_type("CopyToRemote") == {}


# --- secrets and host keys


def test_private_keys_are_secret_wherever_they_go(two: Deployment) -> None:
    seen = 0
    for found in two.resources.values():
        for path in _paths(found.inputs, "privateKey"):
            seen += 1
            assert path in found.secrets or "connection" in found.secrets, (found.name, path)
    assert seen >= 2 * len(two.of_type("remote:Command"))


def _paths(value: Any, wanted: str, path: str = "") -> list[str]:
    if isinstance(value, dict):
        here = [f"{path}.{key}".lstrip(".") for key in value if key == wanted]
        return here + [f for key, item in value.items() for f in _paths(item, wanted, f"{path}.{key}".lstrip("."))]
    return []


def test_no_output_and_no_other_input_holds_a_private_key(two: Deployment, files: Any) -> None:
    key = "".join((files / "id").read_text().split()[4:6])
    assert key not in "".join(json.dumps(two.outputs, default=str).split())
    for found in two.resources.values():
        others = {name: value for name, value in found.inputs.items() if name != "connection"}
        assert key not in "".join(json.dumps(others, default=str).split()), found.name


def test_every_ssh_connection_has_its_host_key_pinned(two: Deployment) -> None:
    for name, found in {**two.of_type("remote:Command"), **two.of_type("CopyToRemote")}.items():
        connection = found.inputs["connection"]
        assert connection["hostKey"].startswith("ssh-"), name
        if connection["host"] != "bastion.example":
            assert connection["proxy"]["host"] == "bastion.example", name
            assert connection["proxy"]["hostKey"].startswith("ssh-"), name


def test_the_host_key_is_read_on_the_bastion(two: Deployment) -> None:
    found = two.resources["supernode-1-host-key"]
    assert found.inputs["connection"]["host"] == "bastion.example"
    assert "address=172.16.100.4" in found.inputs["stdin"]


def test_without_a_bastion_the_deployer_reads_it_and_connects_directly(deploy: Deploy) -> None:
    without = {"bastion:host": None, "bastion:port": None, "bastion:knownHosts": None, "ssh:allowedFrom": "10.9.0.0/24"}
    deployment = deploy(without)
    assert deployment.resources["superlink-host-key"].type == "command:local:Command"
    assert "proxy" not in deployment.resources["superlink-ready"].inputs["connection"]
    assert "ProxyJump" not in deployment.resources["superlink-image-delivery"].inputs["stdin"]
    assert deployment.outputs["bastion"] is None


def test_a_delivery_trusts_the_bastion_and_its_machine_alone(two: Deployment) -> None:
    script = two.resources["supernode-2-image-delivery"].inputs["stdin"]
    assert "[bastion.example]:2222 ssh-ed25519 " in script
    assert "172.16.100.5 ssh-ed25519 AAAA-supernode-2-host-key" in script
    assert "StrictHostKeyChecking yes" in script


# --- machines


def test_what_lives_on_a_machine_goes_with_it_and_is_made_again_with_it(two: Deployment) -> None:
    for name, found in two.resources.items():
        for machine in ("superlink", "supernode-1", "supernode-2"):
            inside = ("-host-key", "-ready", "-container-run", "-image-delivery", "-data-copy")
            if name.startswith(machine) and name.removeprefix(machine) in inside:
                assert found.deleted_with == f"{machine}-vm", name
                assert found.inputs["triggers"] == [str(100 + sum(f"{machine}-vm".encode()) % 900)], name


def test_a_container_starts_after_docker_image_and_data_are_there(two: Deployment) -> None:
    assert {"supernode-1-ready", "supernode-1-image-delivery", "supernode-1-data-copy"} <= two.resources[
        "supernode-1-container-run"
    ].dependencies


def test_machines_wait_for_no_other_machine(two: Deployment) -> None:
    for name, found in two.resources.items():
        if name.startswith("supernode-1"):
            others = {other for other in found.dependencies if other.startswith(("supernode-2", "superlink"))}
            assert others == set(), name


def test_an_address_is_given_back_before_another_vm_takes_it(two: Deployment) -> None:
    assert all(vm.delete_before_replace for vm in two.of_type("VirtualMachine").values())


def test_a_machine_gets_its_context(two: Deployment) -> None:
    vm = two.resources["supernode-1-vm"].inputs
    assert vm["name"] == vm["context"]["SET_HOSTNAME"] == "flower-supernode-1"
    assert vm["context"]["NETWORK"] == "YES"
    assert vm["context"]["SSH_PUBLIC_KEY"].startswith("ssh-ed25519 ")
    assert base64.b64decode(vm["context"]["START_SCRIPT_BASE64"]).startswith(b"#!/bin/sh\n")
    assert vm["disks"] == [{"imageId": 3}]


def test_placement_and_size_are_the_sites_own(deploy: Deploy, sites: Callable[..., str]) -> None:
    deployment = deploy(
        {
            NAMES.format("sites"): sites(
                {"name": "agnes", "cluster": "a", "host": "kvm-1", "cpu": 4, "vcpu": 8, "memory": 9000}, "b"
            )
        }
    )
    agnes, other = (deployment.resources[f"{name}-vm"].inputs for name in ("agnes", "b"))
    assert agnes["schedRequirements"] == 'CLUSTER = "a" & NAME = "kvm-1"'
    assert (agnes["cpu"], agnes["vcpu"], agnes["memory"]) == (4, 8, 9000)
    assert (other["cpu"], other["vcpu"], other["memory"]) == (1, 2, 4096)
    assert "--env=OMP_NUM_THREADS=8" in containers(deployment)["agnes"]


def test_persistent_images_are_attached_and_mounted_but_never_owned(deploy: Deploy, sites: Callable[..., str]) -> None:
    deployment = deploy(
        {
            NAMES.format("sites"): sites({"name": "agnes", "dataImage": "agnes-data"}),
            "superlink:stateImage": "state",
        }
    )
    for machine, image, folder in (("agnes", 7, "/srv/flower/data"), ("superlink", 8, "/var/lib/flower/state")):
        vm = deployment.resources[f"{machine}-vm"].inputs
        assert vm["disks"] == [{"imageId": 3}, {"imageId": image, "target": "vdb"}]
        assert f"mount_disk /dev/vdb {folder}" in base64.b64decode(vm["context"]["START_SCRIPT_BASE64"]).decode()
    assert [name for name, found in deployment.resources.items() if found.type.endswith(":Image")] == []


def test_an_image_that_would_lose_the_data_is_refused(deploy: Deploy) -> None:
    with pytest.raises(SettingsError, match="superlink:stateImage = throwaway: it is not persistent"):
        deploy({"superlink:stateImage": "throwaway"})


def test_an_image_that_only_one_machine_could_boot_from_is_refused(deploy: Deploy) -> None:
    with pytest.raises(SettingsError, match="machine:image = state: it is persistent"):
        deploy({"machine:image": "state"})


def test_all_that_is_not_in_the_cloud_is_named_at_once_and_nothing_is_registered(
    deploy: Deploy, sites: Callable[..., str]
) -> None:
    unknown = {
        "machine:image": "debian-99",
        "superlink:stateImage": "gone",
        NAMES.format("sites"): sites({"name": "a", "dataImage": "away"}),
    }
    with pytest.raises(SettingsError) as caught:
        deploy(unknown)
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "machine:image = debian-99: there is no image named 'debian-99'",
        "superlink:stateImage = gone: there is no image named 'gone'",
        "sites[0].dataImage = away: there is no image named 'away'",
    ]
    assert deploy.attempts[-1].resources == {}  # type: ignore[attr-defined]


def test_a_template_keeps_its_disks_unless_an_image_is_set(deploy: Deploy) -> None:
    alone = deploy({"machine:image": None, "machine:template": "big"}).resources["superlink-vm"].inputs
    both = deploy({"machine:template": "big"}).resources["superlink-vm"].inputs
    assert alone["templateId"] == both["templateId"] == 12
    assert "disks" not in alone and both["disks"] == [{"imageId": 3}]


# --- growing


def registered(deployment: Deployment) -> dict[str, tuple[str, str]]:
    return {
        name: (found.type, json.dumps(found.inputs, sort_keys=True, default=lambda asset: vars(asset)))
        for name, found in deployment.resources.items()
    }


def test_growing_from_two_to_four_adds_two_supernodes_and_touches_nothing_else(deploy: Deploy) -> None:
    sample = {NAMES.format("sampleData"): "fashion-mnist"}
    before = registered(deploy(sample))
    after = registered(deploy({**sample, NAMES.format("supernodes"): "4"}))
    assert {name: after[name] for name in before} == before
    added = set(after) - set(before)
    assert {name for name in added if after[name][0].endswith("VirtualMachine")} == {"supernode-3-vm", "supernode-4-vm"}
    assert all(name.startswith(("supernode-3-", "supernode-4-")) for name in added)


def test_removing_a_site_in_the_middle_leaves_those_with_an_address_alone(
    deploy: Deploy, sites: Callable[..., str]
) -> None:
    named = [{"name": name, "address": f"172.16.100.{9 + n}", "partition": n} for n, name in enumerate("abc")]
    before = registered(deploy({NAMES.format("sites"): sites(*named)}))
    after = registered(deploy({NAMES.format("sites"): sites(named[0], named[2])}))
    assert after == {name: value for name, value in before.items() if not name.startswith("b-")}


def test_images_are_built_once_and_delivered_to_each_machine(two: Deployment) -> None:
    local = two.of_type("local:Command")
    assert {name for name in local if name.endswith("-image-build")} == {
        "superlink-image-build",
        "supernode-image-build",
    }
    assert {name for name in local if name.endswith("-image-delivery")} == {
        f"{machine}-image-delivery" for machine in ("superlink", "supernode-1", "supernode-2")
    }


# --- outputs


def test_outputs_keep_their_contract(two: Deployment) -> None:
    outputs = two.outputs
    assert outputs["superlinkEndpoint"] == "172.16.100.3:9092"
    assert outputs["controlEndpoint"] == "127.0.0.1:9093"
    assert outputs["superlink"] == {
        "name": "flower-superlink",
        "ip": "172.16.100.3",
        "vmId": str(100 + sum(b"superlink-vm") % 900),
        "imageDigest": "sha256:superlink-container-run",
    }
    assert [(node["name"], node["site"], node["ip"]) for node in outputs["supernodes"]] == [
        ("flower-supernode-1", "supernode-1", "172.16.100.4"),
        ("flower-supernode-2", "supernode-2", "172.16.100.5"),
    ]
    assert outputs["bastion"] == {"host": "bastion.example", "port": 2222, "user": "root"}
    assert outputs["ssh"] == {"user": "root", "privateKeyFile": "id"}
    assert outputs["images"]["superlink"].startswith("flower-superlink:")


def test_the_output_of_known_hosts_has_a_line_for_each_host(two: Deployment) -> None:
    hosts = [line.split()[0] for line in two.outputs["sshKnownHosts"].splitlines()]
    assert hosts == ["[bastion.example]:2222", "172.16.100.3", "172.16.100.4", "172.16.100.5"]
