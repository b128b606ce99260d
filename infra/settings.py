"""The stack's settings: typed, with bounds, and what they come to (which machine gets which address and size).

Every key of `Pulumi.<stack>.yaml` is a field here, its key spelled in camel case behind its section's namespace:
`Network.dns` is `network:dns`. docs/settings.md is generated from this file (`python -m infra.settings_docs`).
`stack_config.load` reads them; what must hold between two of them stands in `settings_rules`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints
from pydantic.alias_generators import to_camel

SUPERLINK_OFFSET = 3
FIRST_SUPERNODE_OFFSET = 4
DEFAULT_SUPERNODES = 2
SAMPLE_PARTITIONS = 10


def setting(
    default: Any,
    description: str,
    *,
    allowed: str = "",
    shown_default: str = "",
    ge: float | None = None,
    le: float | None = None,
) -> Any:
    """A field. `allowed` says in words what a value may be; numbers say it by their bounds."""
    extra: dict[str, Any] = {"allowed": allowed, "shown_default": shown_default}
    return Field(default, description=description, json_schema_extra=extra, ge=ge, le=le)


def _absolute_path(path: str) -> str:
    if not path.startswith("/") or ".." in path.split("/") or path.rstrip("/") == "":
        raise ValueError("not an absolute path below /")
    return path.rstrip("/")


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("not a URL")
    return url


Label = Annotated[str, StringConstraints(pattern=r"^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$")]
# oned bans & and < in names; quotes and backslashes would end the string they are put into.
ObjectName = Annotated[str, StringConstraints(pattern=r'^[^&<>"\\\n]{1,128}$')]
HostName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")]
UserName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")]
AbsolutePath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._/-]+$"), AfterValidator(_absolute_path)]
HttpUrl = Annotated[str, StringConstraints(pattern=r"^\S+$"), AfterValidator(_http_url)]
FilePath = Annotated[str, StringConstraints(pattern=r'^[^"\n]+$')]

A_LABEL = "a host name of at most 50 small letters, digits and hyphens that starts with a letter"
AN_OBJECT = "the name of one, at most 128 characters without quotes, backslashes, & < >"
AN_ADDRESS = "an IPv4 address inside network:cidr"
A_FILE = "the path of a file, relative to the project's folder, or starting with / or ~"


class Section(BaseModel):
    """The settings of one namespace."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class SiteSettings(Section):
    """One hospital of `sites`. What is left out comes from the `supernode` namespace."""

    name: Label = setting(..., "The site's name: in its machine's name, in reports, in logs.", allowed=A_LABEL)
    address: IPv4Address | None = setting(
        None,
        "The machine's address.",
        allowed=AN_ADDRESS,
        shown_default="the fourth host of the network and on, in the order of the list",
    )
    partition: int | None = setting(
        None,
        "Partition of a shared dataset that this site trains on.",
        ge=0,
        le=9999,
        shown_default="the position in the list, from 0",
    )
    cpu: float | None = setting(
        None, "Share of physical cores.", ge=0.05, le=256, shown_default="that of `supernode:cpu`"
    )
    vcpu: int | None = setting(None, "Virtual cores.", ge=1, le=256, shown_default="that of `supernode:vcpu`")
    memory: int | None = setting(
        None, "Memory in MiB.", ge=1024, le=4_194_304, shown_default="that of `supernode:memory`"
    )
    cluster: ObjectName | None = setting(None, "OpenNebula cluster to place the machine in.", allowed=AN_OBJECT)
    host: ObjectName | None = setting(None, "OpenNebula host to place the machine on.", allowed=AN_OBJECT)
    data_image: ObjectName | None = setting(
        None,
        "Persistent OpenNebula image that holds the site's data. It is attached and mounted, formatted only if it is "
        "blank, and never created, replaced or deleted.",
        allowed=AN_OBJECT,
    )
    data_dir: AbsolutePath = setting(
        "/srv/flower/data",
        "Folder of the machine that training sees, read-only, as /data.",
        allowed="an absolute path of letters, digits and . _ / -",
    )

    def partition_at(self, position: int) -> int:
        """The partition of the site that stands at `position` in the list, counted from 0."""
        return position if self.partition is None else self.partition


class FederationSettings(Section):
    """Who takes part."""

    supernodes: int | None = setting(
        None, "How many SuperNodes. Not together with `sites`.", ge=1, le=250, shown_default=str(DEFAULT_SUPERNODES)
    )
    sites: list[SiteSettings] | None = setting(
        None,
        "Named hospitals instead of a count, one SuperNode each. Add new ones at the end. Before removing one that is "
        "not the last, give those after it their present `address` and `partition`, which otherwise follow the order.",
        allowed="a list of 1 to 250 sites, each at least {name: ...}",
    )
    sample_data: Literal["fashion-mnist"] | None = setting(
        None,
        f"Copies one of {SAMPLE_PARTITIONS} fixed partitions of a public dataset to each site, for demonstrations. "
        "`make setup` makes them.",
        allowed="fashion-mnist",
    )


class OpenNebula(Section):
    """How to reach the cloud. The provider reads these itself; they are checked here to report all mistakes at once."""

    endpoint: HttpUrl | None = setting(
        None,
        "URL of OpenNebula's XML-RPC API.",
        allowed="a URL such as https://one.example.org:2633/RPC2",
        shown_default="environment variable ONE_XMLRPC",
    )
    username: ObjectName | None = setting(None, "User name, with `opennebula:password`.", allowed="a user's name")
    password: SecretStr | None = setting(
        None, "Password or token; set it with `pulumi config set --secret`.", allowed="a password or token"
    )
    auth_file: FilePath | None = setting(
        None,
        "File that holds user:password, instead of the two.",
        allowed=A_FILE,
        shown_default="environment variable ONE_AUTH, else ~/.one/one_auth",
    )
    ca_bundle: FilePath | None = setting(
        None, "Certificates that sign the endpoint's, for a private authority.", allowed=A_FILE
    )


class Network(Section):
    """The private network of the federation, and what may leave it."""

    cidr: IPv4Network = setting(
        IPv4Network("172.16.100.0/24"),
        "The network's addresses. The SuperLink is the third host, SuperNodes follow.",
        allowed="an IPv4 network such as 172.16.100.0/24, large enough for everyone in it",
    )
    name: ObjectName | None = setting(
        None,
        "An existing OpenNebula network to use instead of making one. It must not carry OpenNebula's security group 0, "
        "which allows everything and would be added to ours.",
        allowed=AN_OBJECT,
        shown_default="a network of its own is made",
    )
    bridge: ObjectName | None = setting(
        None,
        "Bridge of the hosts for the network that is made.",
        allowed="the name of a bridge",
        shown_default="OpenNebula names one",
    )
    gateway: IPv4Address | None = setting(
        None,
        "The network's router.",
        allowed=AN_ADDRESS,
        shown_default="the first host of the network",
    )
    dns: list[IPv4Address] = setting(
        [],
        "Name servers of the machines, allowed on port 53. Without them no machine resolves names.",
        allowed="a list of IPv4 addresses, e.g. pulumi config set --path 'network:dns[0]' 172.16.100.1",
    )
    egress: list[IPv4Network] = setting(
        [],
        "Networks that machines may reach beside the SuperLink: a package mirror, a data source. None by default.",
        allowed="a list of IPv4 networks, e.g. pulumi config set --path 'network:egress[0]' 10.1.2.0/24",
    )


class Bastion(Section):
    """The host that SSH goes through. Leave all of it out where the deployer reaches the network itself."""

    host: HostName = setting(..., "Name or address to connect to.", allowed="a host name or an IP address")
    port: int = setting(22, "Its SSH port.", ge=1, le=65535)
    user: UserName = setting("root", "User to log in as, with `ssh:privateKeyFile`.", allowed="a user name")
    known_hosts: FilePath = setting(
        "~/.ssh/known_hosts", "File that holds the bastion's host key (`ssh-keyscan` writes one).", allowed=A_FILE
    )
    address: IPv4Address | None = setting(
        None,
        "The bastion's address on the private network: SSH is allowed from there alone.",
        allowed="an IPv4 address",
        shown_default="the first host of the network",
    )


class Ssh(Section):
    """The deployer's key."""

    private_key_file: FilePath = setting(
        ..., "Private key in OpenSSH or PEM format, without passphrase; its public half goes to the machines.",
        allowed=A_FILE,
    )  # fmt: skip
    allowed_from: IPv4Network | None = setting(
        None,
        "Where SSH may come from when there is no bastion. Not together with `bastion:host`.",
        allowed="an IPv4 network such as 192.0.2.7/32",
    )


class MachineSettings(Section):
    """What all machines are made of."""

    image: ObjectName | None = setting(
        None,
        "OpenNebula image to boot from, with contextualization.",
        allowed=AN_OBJECT,
        shown_default="the disks of `machine:template`",
    )
    template: ObjectName | None = setting(
        None,
        "OpenNebula template to instantiate, where machines need more than is set here. With `machine:image`, that "
        "image takes the place of the template's disks.",
        allowed=AN_OBJECT,
    )
    disk_size: int | None = setting(
        None,
        "Size of the system disk in MiB; PyTorch's image wants 8 GiB of it.",
        ge=2048,
        le=16_777_216,
        shown_default="that of the image",
    )
    package_mirror: HttpUrl | None = setting(
        None,
        "Debian or Ubuntu mirror that Docker comes from where the image lacks it. Its address must be in "
        "`network:egress`. An image that has Docker needs no network at all.",
        allowed="a URL such as http://10.1.2.3/debian",
        shown_default="the image's own sources",
    )


class SuperLinkSettings(Section):
    """The SuperLink's machine."""

    address: IPv4Address | None = setting(
        None, "Its address.", allowed=AN_ADDRESS, shown_default="the third host of the network"
    )
    cpu: float = setting(0.5, "Share of physical cores.", ge=0.05, le=256)
    vcpu: int = setting(1, "Virtual cores.", ge=1, le=256)
    memory: int = setting(2048, "Memory in MiB.", ge=768, le=4_194_304)
    state_image: ObjectName | None = setting(
        None,
        "Persistent OpenNebula image for the SuperLink's database, so that runs outlive the machine. It is attached "
        "and mounted, formatted only if it is blank, and never created, replaced or deleted.",
        allowed=AN_OBJECT,
    )


class SuperNodeSettings(Section):
    """The SuperNodes' machines, where a site does not say otherwise."""

    cpu: float = setting(1.0, "Share of physical cores.", ge=0.05, le=256)
    vcpu: int = setting(2, "Virtual cores.", ge=1, le=256)
    memory: int = setting(4096, "Memory in MiB; training with PyTorch wants 2 GiB.", ge=1024, le=4_194_304)


@dataclass(frozen=True)
class Site:
    """One SuperNode as it will be: a name, where it stands, and how large it is. `memory` is in MiB."""

    name: str
    partition: int
    address: IPv4Address
    cpu: float
    vcpu: int
    memory: int
    cluster: str | None
    host: str | None
    data_image: str | None
    data_dir: str


@dataclass(frozen=True)
class Settings:
    """All settings of a stack, checked. `bastion` is None where the deployer reaches the network itself."""

    federation: FederationSettings
    opennebula: OpenNebula
    network: Network
    bastion: Bastion | None
    ssh: Ssh
    machine: MachineSettings
    superlink: SuperLinkSettings
    supernode: SuperNodeSettings

    @property
    def sites(self) -> tuple[Site, ...]:
        """The SuperNodes in order: those of `sites`, or `supernodes` of them named supernode-1 and on."""
        return sites_of(self.federation, self.network, self.supernode)

    @property
    def superlink_address(self) -> IPv4Address:
        """Where the SuperLink stands."""
        return superlink_address(self.superlink, self.network)

    @property
    def ssh_sources(self) -> IPv4Network:
        """The addresses that may open SSH connections to machines."""
        if self.bastion is None:
            assert self.ssh.allowed_from is not None, "settings_rules demands it"  # noqa: S101
            return self.ssh.allowed_from
        return IPv4Network(self.bastion.address or host_of(self.network, 1))


SECTIONS: dict[str, type[Section]] = {
    "": FederationSettings,
    "opennebula": OpenNebula,
    "network": Network,
    "bastion": Bastion,
    "ssh": Ssh,
    "machine": MachineSettings,
    "superlink": SuperLinkSettings,
    "supernode": SuperNodeSettings,
}
"""Namespace -> its settings. The empty one is the project's own."""


def host_of(network: Network, offset: int) -> IPv4Address:
    """The address `offset` places after the network's own; it may lie outside of the network."""
    return network.cidr.network_address + offset


def superlink_address(superlink: SuperLinkSettings, network: Network) -> IPv4Address:
    """Where the SuperLink stands: where it is told to, else at the third host."""
    return superlink.address or host_of(network, SUPERLINK_OFFSET)


def persistent_images(
    superlink: SuperLinkSettings | None, federation: FederationSettings | None
) -> Iterator[tuple[str, str]]:
    """Each setting that names a persistent image, with that name."""
    if superlink is not None and superlink.state_image is not None:
        yield "superlink:stateImage", superlink.state_image
    if federation is not None:
        for index, site in enumerate(federation.sites or []):
            if site.data_image is not None:
                yield f"sites[{index}].dataImage", site.data_image


def located(path: str, folder: Path) -> Path:
    """A file that a setting names: relative to `folder`, or starting with / or ~."""
    return folder / Path(path).expanduser()


def named_sites(federation: FederationSettings) -> list[SiteSettings]:
    """`sites`, or as many as `supernodes` says, named supernode-1 and on."""
    if federation.sites is not None:
        return federation.sites
    count = federation.supernodes or DEFAULT_SUPERNODES
    return [SiteSettings(name=f"supernode-{number}") for number in range(1, count + 1)]


def sites_of(federation: FederationSettings, network: Network, sizes: SuperNodeSettings) -> tuple[Site, ...]:
    """Names, partitions, addresses and sizes of all SuperNodes, defaults filled in."""
    return tuple(
        Site(
            name=site.name,
            partition=site.partition_at(index),
            address=site.address or host_of(network, FIRST_SUPERNODE_OFFSET + index),
            cpu=site.cpu or sizes.cpu,
            vcpu=site.vcpu or sizes.vcpu,
            memory=site.memory or sizes.memory,
            cluster=site.cluster,
            host=site.host,
            data_image=site.data_image,
            data_dir=site.data_dir,
        )
        for index, site in enumerate(named_sites(federation))
    )
