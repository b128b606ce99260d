"""What must hold between settings, and between settings and the deployer's files.

Each rule looks only at sections that are valid in themselves, so that one mistake never hides another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra import ssh
from infra.settings import (
    FIRST_SUPERNODE_OFFSET,
    SAMPLE_PARTITIONS,
    Bastion,
    FederationSettings,
    MachineSettings,
    Network,
    OpenNebula,
    Settings,
    Site,
    Ssh,
    SuperLinkSettings,
    SuperNodeSettings,
    host_of,
    located,
    named_sites,
    persistent_images,
    sites_of,
    superlink_address,
)


@dataclass(frozen=True)
class Mistake:
    """One setting that cannot be used. `value` is None when it is not set, `allowed` says what would be accepted."""

    key: str
    value: Any
    allowed: str

    def __str__(self) -> str:
        """One line for the user."""
        if self.value is None:
            return f"{self.key} is not set; {self.allowed}"
        return f"{self.key} = {shown(self.value)}: {self.allowed}"


@dataclass(frozen=True)
class Sections:
    """The sections that are valid in themselves; None for the others. `has_bastion`: there is one, valid or not."""

    federation: FederationSettings | None
    opennebula: OpenNebula | None
    network: Network | None
    bastion: Bastion | None
    has_bastion: bool
    ssh: Ssh | None
    machine: MachineSettings | None
    superlink: SuperLinkSettings | None
    supernode: SuperNodeSettings | None

    def settings(self) -> Settings:
        """All of them, when all are valid."""
        assert self.federation and self.opennebula and self.network and self.ssh  # noqa: S101
        assert self.machine and self.superlink and self.supernode  # noqa: S101
        return Settings(
            federation=self.federation,
            opennebula=self.opennebula,
            network=self.network,
            bastion=self.bastion,
            ssh=self.ssh,
            machine=self.machine,
            superlink=self.superlink,
            supernode=self.supernode,
        )


def broken(sections: Sections, environment: Mapping[str, str], folder: Path) -> list[Mistake]:
    """Every rule that does not hold. Files are looked for relative to `folder`."""
    return [
        *_federation(sections, folder),
        *_credentials(sections.opennebula, environment, folder),
        *_addresses(sections),
        *_ssh(sections, folder),
        *_machine(sections),
        *_persistent_images(sections),
    ]


def shown(value: Any) -> str:
    """A value as the user wrote it, shortened."""
    text = str(value) or '""'
    return text if len(text) <= 80 else f"{text[:77]}..."


def _federation(sections: Sections, folder: Path) -> Iterator[Mistake]:
    settings = sections.federation
    if settings is None:
        return
    if settings.supernodes is not None and settings.sites is not None:
        names = ", ".join(site.name for site in settings.sites)
        yield Mistake("supernodes", settings.supernodes, f"sites ({names}) says who takes part; set one of the two")
    if settings.sites is not None and not 1 <= len(settings.sites) <= 250:
        yield Mistake("sites", f"{len(settings.sites)} sites", "allowed is a list of 1 to 250")
    seen: dict[str, int] = {}
    for index, site in enumerate(settings.sites or []):
        if site.name == "superlink":
            yield Mistake(f"sites[{index}].name", site.name, "the SuperLink's machine has this name; choose another")
        if site.name in seen:
            first = f"sites[{seen[site.name]}].name"
            yield Mistake(f"sites[{index}].name", site.name, f"{first} is the same; each site needs a name of its own")
        seen.setdefault(site.name, index)
    yield from _sample_data(settings, folder)


def _sample_data(settings: FederationSettings, folder: Path) -> Iterator[Mistake]:
    if settings.sample_data is None:
        return
    partitions = [site.partition_at(index) for index, site in enumerate(named_sites(settings))]
    if max(partitions, default=0) >= SAMPLE_PARTITIONS:
        who = f"supernodes = {settings.supernodes}" if settings.sites is None else "sites"
        yield Mistake(
            "sampleData",
            settings.sample_data,
            f"it has partitions 0 to {SAMPLE_PARTITIONS - 1}, {who} needs up to {max(partitions)}; "
            f"use at most {SAMPLE_PARTITIONS} SuperNodes or bring the sites' own data",
        )
        return
    place = sample_folder(settings.sample_data)
    missing = [number for number in sorted(set(partitions)) if not any((folder / place / str(number)).glob("*-ubyte"))]
    if missing:
        yield Mistake("sampleData", settings.sample_data, f"{place}/{missing[0]} is not there; `make setup` makes it")


def sample_folder(dataset: str) -> Path:
    """Where set-up puts the partitions of `dataset`, relative to the project."""
    return Path(".tools/sample-data") / dataset


def _credentials(opennebula: OpenNebula | None, environment: Mapping[str, str], folder: Path) -> Iterator[Mistake]:
    if opennebula is None:
        return
    if opennebula.endpoint is None and not environment.get("ONE_XMLRPC"):
        yield Mistake(
            "opennebula:endpoint", None, "set it, or ONE_XMLRPC, to a URL such as https://one.example.org:2633/RPC2"
        )
    if opennebula.ca_bundle is not None and not located(opennebula.ca_bundle, folder).is_file():
        yield Mistake("opennebula:caBundle", opennebula.ca_bundle, "there is no such file")
    if opennebula.username is not None and opennebula.password is None:
        how = "pulumi config set --secret opennebula:password"
        yield Mistake("opennebula:password", None, f"opennebula:username needs it: {how}")
    if opennebula.password is not None and opennebula.username is None:
        yield Mistake("opennebula:username", None, "opennebula:password needs it")
    if opennebula.username is not None or opennebula.password is not None:
        return
    for key, value in (("opennebula:authFile", opennebula.auth_file), ("ONE_AUTH", environment.get("ONE_AUTH"))):
        if value:
            if not located(value, folder).is_file():
                yield Mistake(key, value, "there is no such file; it must hold one line, user:password")
            return
    if not located("~/.one/one_auth", folder).is_file():
        yield Mistake(
            "opennebula:authFile",
            None,
            "set it (a file of user:password), or opennebula:username and opennebula:password, or ONE_AUTH",
        )


def _addresses(sections: Sections) -> Iterator[Mistake]:
    """Everyone has an address inside of the network, and each its own."""
    network, superlink = sections.network, sections.superlink
    if network is None or superlink is None:
        return
    sites = _sites(sections)
    needed = 32 - (FIRST_SUPERNODE_OFFSET + max(len(sites), 1)).bit_length()
    if network.cidr.prefixlen > needed:
        yield Mistake(
            "network:cidr",
            network.cidr,
            f"too small for the SuperLink and {len(sites)} SuperNodes; allowed is /{needed} or larger, "
            f"such as {network.cidr.network_address}/{needed}",
        )
        return

    taken: dict[IPv4Address, str] = {}
    places: list[tuple[str, IPv4Address, str]] = []
    if not network.name or network.gateway:
        places.append(("network:gateway", network.gateway or host_of(network, 1), "the gateway"))
    if sections.bastion is not None and sections.bastion.address is not None:
        places.append(("bastion:address", sections.bastion.address, "the bastion"))
    places.append(("superlink:address", superlink_address(superlink, network), "the SuperLink"))
    if (
        sections.federation is None or sections.federation.sites is None
    ):  # their addresses follow, no setting moves them
        places = [(site.name, site.address, site.name) for site in sites] + places
    else:
        places += [(f"sites[{index}].address", site.address, site.name) for index, site in enumerate(sites)]
    for key, address, who in places:
        inside = address in network.cidr and address not in (network.cidr[0], network.cidr[-1])
        if not inside and key != "bastion:address":
            first, last = network.cidr[1], network.cidr[-2]
            yield Mistake(key, address, f"it is not a host of network:cidr; allowed is {first} to {last}")
        elif address in taken and {key, taken[address]} != {"bastion:address", "network:gateway"}:
            yield Mistake(key, address, f"{who} cannot have it, it is taken by {taken[address]}; choose a free address")
        taken.setdefault(address, key)


def _ssh(sections: Sections, folder: Path) -> Iterator[Mistake]:
    allowed_from = sections.ssh.allowed_from if sections.ssh is not None else None
    if sections.has_bastion and allowed_from is not None:
        yield Mistake("ssh:allowedFrom", allowed_from, "SSH comes from bastion:host alone; set one of the two")
    if not sections.has_bastion and allowed_from is None:
        remedy = "set it, or ssh:allowedFrom to the network you deploy from, such as 192.0.2.7/32"
        yield Mistake("bastion:host", None, remedy)
    if sections.ssh is not None:
        try:
            ssh.read_private_key(located(sections.ssh.private_key_file, folder))
        except ValueError as error:
            yield Mistake("ssh:privateKeyFile", sections.ssh.private_key_file, str(error))
    bastion = sections.bastion
    if bastion is not None:
        try:
            ssh.known_host_key(located(bastion.known_hosts, folder), bastion.host, bastion.port)
        except ValueError as error:
            yield Mistake("bastion:knownHosts", bastion.known_hosts, str(error))


def _machine(sections: Sections) -> Iterator[Mistake]:
    machine = sections.machine
    if machine is None:
        return
    if machine.image is None:
        if machine.template is None:
            yield Mistake("machine:image", None, "set it, or machine:template, to what machines boot from")
        elif machine.disk_size is not None:
            yield Mistake("machine:diskSize", machine.disk_size, "it applies to machine:image, which is not set")
        elif any(True for _ in persistent_images(sections.superlink, sections.federation)):
            yield Mistake("machine:image", None, "persistent images are attached beside it, so it is needed")
    if machine.package_mirror is not None and sections.network is not None:
        host = urlsplit(machine.package_mirror).hostname or ""
        try:
            address = ip_address(host)
        except ValueError:
            if not sections.network.dns:
                remedy = "no machine can resolve its name; set network:dns or use an address"
                yield Mistake("machine:packageMirror", machine.package_mirror, remedy)
        else:
            if not any(address in allowed for allowed in [sections.network.cidr, *sections.network.egress]):
                remedy = f"machines may not reach it; add {address}/32 to network:egress"
                yield Mistake("machine:packageMirror", machine.package_mirror, remedy)


def _persistent_images(sections: Sections) -> Iterator[Mistake]:
    used: dict[str, str] = {}
    for key, name in persistent_images(sections.superlink, sections.federation):
        if name in used:
            yield Mistake(key, name, f"{used[name]} uses it; a persistent image belongs to one machine")
        used.setdefault(name, key)


def _sites(sections: Sections) -> tuple[Site, ...]:
    if sections.federation is None or sections.network is None:
        return ()
    return sites_of(sections.federation, sections.network, sections.supernode or SuperNodeSettings())
