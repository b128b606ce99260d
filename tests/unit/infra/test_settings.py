"""Bad settings are all reported at once, each by its key, its value and what is allowed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from infra import settings_docs
from infra.settings import SECTIONS, Settings
from infra.stack_config import SettingsError

REPOSITORY = Path(__file__).parents[3]
OWN = "flower-on-opennebula:"
Load = Callable[..., Settings]
Config = dict[str, str]


def sites(*items: Mapping[str, Any]) -> str:
    return json.dumps(items)


# changes to a right configuration (None removes a key) -> what the message says: key = value: what is allowed
BAD = {
    "no supernodes": ({OWN + "supernodes": "0"}, "supernodes = 0: allowed is a whole number from 1 to 250"),
    "too many": ({OWN + "supernodes": "300"}, "supernodes = 300: allowed is a whole number from 1 to 250"),
    "a word for a number": ({OWN + "supernodes": "two"}, "supernodes = two: allowed is a whole number from 1 to 250"),
    "half a supernode": ({OWN + "supernodes": "2.5"}, "supernodes = 2.5: allowed is a whole number from 1 to 250"),
    "count and sites": (
        {OWN + "supernodes": "2", OWN + "sites": sites({"name": "agnes"})},
        "supernodes = 2: sites (agnes) says who takes part; set one of the two",
    ),
    "no sites": ({OWN + "sites": "[]"}, "sites = 0 sites: allowed is a list of 1 to 250"),
    "sites that are no list": ({OWN + "sites": "agnes"}, "sites = agnes: allowed is a list of 1 to 250 sites"),
    "a name twice": (
        {OWN + "sites": sites({"name": "agnes"}, {"name": "agnes"})},
        "sites[1].name = agnes: sites[0].name is the same",
    ),
    "a name that is no host name": (
        {OWN + "sites": sites({"name": "St. Agnes"})},
        "sites[0].name = St. Agnes: allowed is a host name of at most 50 small letters",
    ),
    "a name that would run": ({OWN + "sites": sites({"name": "a;reboot"})}, "sites[0].name = a;reboot: allowed is"),
    "the superlink's name": ({OWN + "sites": sites({"name": "superlink"})}, "sites[0].name = superlink: the SuperLink"),
    "no name": ({OWN + "sites": sites({"memory": 4096})}, "sites[0].name is not set; it must be a host name"),
    "little memory": (
        {OWN + "sites": sites({"name": "a", "memory": 64})},
        "sites[0].memory = 64: allowed is a whole number from 1024 to 4194304",
    ),
    "a folder with a quote": (
        {OWN + "sites": sites({"name": "a", "dataDir": "/srv/x'y"})},
        "dataDir = /srv/x'y: allowed",
    ),
    "a relative folder": (
        {OWN + "sites": sites({"name": "a", "dataDir": "srv/data"})},
        "sites[0].dataDir = srv/data: allowed is an absolute path",
    ),
    "a subnet too small for the default": (
        {"network:cidr": "10.0.0.0/30"},
        "network:cidr = 10.0.0.0/30: too small for the SuperLink and 2 SuperNodes; allowed is /29 or larger",
    ),
    "a subnet too small for 250": (
        {"network:cidr": "10.0.0.0/25", OWN + "supernodes": "250"},
        "network:cidr = 10.0.0.0/25: too small for the SuperLink and 250 SuperNodes; allowed is /24 or larger",
    ),
    "no subnet": ({"network:cidr": "10.0.0.300/24"}, "network:cidr = 10.0.0.300/24: allowed is an IPv4 network"),
    "an address for a subnet": (
        {"network:cidr": "10.0.0.7/24"},
        "network:cidr = 10.0.0.7/24: allowed is an IPv4 network",
    ),
    "an address outside": (
        {OWN + "sites": sites({"name": "a", "address": "10.9.9.9"})},
        "sites[0].address = 10.9.9.9: it is not a host of network:cidr; allowed is 172.16.100.1 to 172.16.100.254",
    ),
    "the broadcast address": (
        {"superlink:address": "172.16.100.255"},
        "superlink:address = 172.16.100.255: it is not a host of network:cidr",
    ),
    "the superlink's address": (
        {OWN + "sites": sites({"name": "a", "address": "172.16.100.3"})},
        "sites[0].address = 172.16.100.3: a cannot have it, it is taken by superlink:address",
    ),
    "a neighbour's address": (
        {OWN + "sites": sites({"name": "a", "address": "172.16.100.5"}, {"name": "b"})},
        "sites[1].address = 172.16.100.5: b cannot have it, it is taken by sites[0].address",
    ),
    "the address of a SuperNode that has none of its own": (
        {"superlink:address": "172.16.100.5"},
        "superlink:address = 172.16.100.5: the SuperLink cannot have it, it is taken by supernode-2",
    ),
    "the gateway's address": (
        {"superlink:address": "172.16.100.1"},
        "superlink:address = 172.16.100.1: the SuperLink cannot have it, it is taken by network:gateway",
    ),
    "egress that is no list": (
        {"network:egress": "10.0.0.0/8"},
        "network:egress = 10.0.0.0/8: allowed is a list of IPv4 networks",
    ),
    "egress to a name": ({"network:egress": '["mirror"]'}, "network:egress[0] = mirror: allowed is a list of IPv4"),
    "sample data for eleven": (
        {OWN + "sampleData": "fashion-mnist", OWN + "supernodes": "11"},
        "sampleData = fashion-mnist: it has partitions 0 to 9, supernodes = 11 needs up to 10",
    ),
    "sample data that was not made": (
        {OWN + "sampleData": "fashion-mnist", OWN + "supernodes": "5"},
        "sampleData = fashion-mnist: .tools/sample-data/fashion-mnist/4 is not there; `make setup` makes it",
    ),
    "other sample data": ({OWN + "sampleData": "mnist"}, "sampleData = mnist: allowed is fashion-mnist"),
    "no endpoint": ({"opennebula:endpoint": None}, "opennebula:endpoint is not set; set it, or ONE_XMLRPC"),
    "an endpoint that is no URL": (
        {"opennebula:endpoint": "one:2633"},
        "opennebula:endpoint = one:2633: allowed is a URL",
    ),
    "no credentials": ({"opennebula:authFile": "nowhere"}, "opennebula:authFile = nowhere: there is no such file"),
    "a name without password": (
        {"opennebula:authFile": None, "opennebula:username": "me"},
        "opennebula:password is not set; opennebula:username needs it",
    ),
    "no bastion": (
        {"bastion:host": None, "bastion:port": None, "bastion:knownHosts": None},
        "bastion:host is not set; set it, or ssh:allowedFrom",
    ),
    "bastion and direct SSH": (
        {"ssh:allowedFrom": "10.0.0.0/8"},
        "ssh:allowedFrom = 10.0.0.0/8: SSH comes from bastion",
    ),
    "half a bastion": ({"bastion:host": None}, "bastion:host is not set; it must be a host name or an IP address"),
    "a port that is none": (
        {"bastion:port": "70000"},
        "bastion:port = 70000: allowed is a whole number from 1 to 65535",
    ),
    "an unknown bastion": (
        {"bastion:host": "other.example"},
        "bastion:knownHosts = known_hosts: it has no key of [other.example]:2222; `ssh-keyscan -p 2222 other.example`",
    ),
    "known hosts that are not there": (
        {"bastion:knownHosts": "x"},
        "bastion:knownHosts = x: it cannot be read (No such",
    ),
    "no key": ({"ssh:privateKeyFile": "nokey"}, "ssh:privateKeyFile = nokey: it cannot be read (No such file"),
    "a key that is none": (
        {"ssh:privateKeyFile": "one_auth"},
        "ssh:privateKeyFile = one_auth: it is not a private key",
    ),
    "nothing to boot": ({"machine:image": None}, "machine:image is not set; set it, or machine:template"),
    "a persistent image beside a template alone": (
        {"machine:image": None, "machine:template": "t", "superlink:stateImage": "s"},
        "machine:image is not set; persistent images are attached beside it",
    ),
    "a persistent image for two": (
        {OWN + "sites": sites({"name": "a", "dataImage": "d"}), "superlink:stateImage": "d"},
        "sites[0].dataImage = d: superlink:stateImage uses it; a persistent image belongs to one machine",
    ),
    "a name that would end its string": (
        {"machine:image": 'x" OR "y'},
        'machine:image = x" OR "y: allowed is the name',
    ),
    "a mirror out of reach": (
        {"machine:packageMirror": "http://10.1.2.3/debian"},
        "machine:packageMirror = http://10.1.2.3/debian: machines may not reach it; add 10.1.2.3/32 to network:egress",
    ),
    "a mirror that nobody can resolve": (
        {"machine:packageMirror": "http://mirror.example/debian"},
        "machine:packageMirror = http://mirror.example/debian: no machine can resolve its name; set network:dns",
    ),
    "a misspelt key": (
        {"network:cdir": "10.0.0.0/24"},
        "network:cdir = 10.0.0.0/24: there is no such setting; did you mean network:cidr?",
    ),
    "a misspelt key of the project": (
        {OWN + "superNodes": "3"},
        "superNodes = 3: there is no such setting; did you mean supernodes?",
    ),
    "a misspelt namespace": (
        {"opennebla:endpoint": "x"},
        "opennebla:endpoint = x: there is no such setting; did you mean opennebula:endpoint?",
    ),
    "a misspelt key of a site": (
        {OWN + "sites": sites({"name": "a", "adress": "172.16.100.9"})},
        "sites[0].adress = 172.16.100.9: there is no such setting; did you mean sites[N].address?",
    ),
    "another program's settings": ({"aws:region": "x"}, "aws:region = x: there is no such setting"),
}


@pytest.mark.parametrize(("changes", "message"), BAD.values(), ids=BAD)
def test_a_bad_setting_is_named_with_its_value_and_what_is_allowed(
    config: Config, load: Load, changes: dict[str, str | None], message: str
) -> None:
    wanted = {key: value for key, value in {**config, **changes}.items() if value is not None}
    with pytest.raises(SettingsError) as caught:
        load(wanted)
    assert message in str(caught.value)


def test_all_mistakes_come_at_once(config: Config, load: Load) -> None:
    bad = {OWN + "supernodes": "two", "network:cidr": "x", "bastion:port": "0", "ssh:privateKeyFile": "no", "a:b": "c"}
    with pytest.raises(SettingsError) as caught:
        load({**config, **bad})
    assert [mistake.key for mistake in caught.value.mistakes] == [
        "a:b",
        "supernodes",
        "network:cidr",
        "bastion:port",
        "ssh:privateKeyFile",
    ]
    assert str(caught.value).startswith("5 settings of stack test cannot be used; nothing was created or changed.")
    assert "Pulumi.test.yaml" in str(caught.value)


def test_the_error_is_one_that_pulumi_shows_without_a_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)


def test_a_password_is_never_shown(config: Config, load: Load) -> None:
    with pytest.raises(SettingsError) as caught:
        load({**config, "opennebula:password": "hunter2", "opennebula:username": "", "network:cidr": "x"})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(load({**config, "opennebula:username": "me", "opennebula:password": "hunter2"}))


def test_the_least_configuration_gives_two_supernodes_from_the_fourth_host(config: Config, load: Load) -> None:
    settings = load(config)
    assert str(settings.superlink_address) == "172.16.100.3"
    assert [(site.name, str(site.address), site.partition) for site in settings.sites] == [
        ("supernode-1", "172.16.100.4", 0),
        ("supernode-2", "172.16.100.5", 1),
    ]


def test_250_supernodes_fit_into_the_default_network(config: Config, load: Load) -> None:
    assert str(load({**config, OWN + "supernodes": "250"}).sites[-1].address) == "172.16.100.253"


def test_opennebulas_own_variables_stand_in_for_settings(config: Config, load: Load, files: Path) -> None:
    bare = {key: value for key, value in config.items() if not key.startswith("opennebula:")}
    settings = load(bare, {"ONE_XMLRPC": "http://one:2633/RPC2", "ONE_AUTH": str(files / "one_auth")})
    assert settings.opennebula.endpoint is None


def test_settings_of_the_cli_itself_are_left_alone(config: Config, load: Load) -> None:
    load({**config, "pulumi:tags": "{}"})


def test_a_mirror_inside_of_egress_is_right(config: Config, load: Load) -> None:
    load({**config, "machine:packageMirror": "http://10.1.2.3/debian", "network:egress": '["10.1.2.0/24"]'})


def test_docs_settings_is_current() -> None:
    assert (REPOSITORY / "docs/settings.md").read_text() == settings_docs.document(), (
        "run: python -m infra.settings_docs > docs/settings.md"
    )


def test_every_setting_is_documented() -> None:
    for namespace, section in SECTIONS.items():
        for name, field in section.model_fields.items():
            assert field.description and field.description.endswith("."), f"{namespace}:{name}"


@pytest.mark.parametrize("stack", ["dev", "hospital"])
def test_the_stacks_of_the_repository_have_only_known_and_right_values(stack: str, load: Load, files: Path) -> None:
    """Their files (keys, credentials) are the user's; everything else must be right as it stands."""
    written = yaml.safe_load((REPOSITORY / f"Pulumi.{stack}.yaml").read_text())
    values = {
        key: json.dumps(value) if isinstance(value, list) else str(value) for key, value in written["config"].items()
    }
    try:
        load(values)
    except SettingsError as error:
        about_files = {"opennebula:authFile", "opennebula:caBundle", "bastion:knownHosts", "ssh:privateKeyFile"}
        assert {mistake.key for mistake in error.mistakes} <= about_files, error


def test_pulumi_yaml_leaves_checking_to_the_program() -> None:
    project = yaml.safe_load((REPOSITORY / "Pulumi.yaml").read_text())
    assert "config" not in project and "backend" not in project
