"""Contextualization: the guest takes name, network and keys from its context, as with OpenNebula's context packages.

Read at every boot and whenever the context changes. Understood: SET_HOSTNAME, HOSTNAME, NAME; ETHn_MAC, ETHn_IP,
ETHn_MASK, ETHn_GATEWAY, ETHn_DNS, ETHn_SEARCH_DOMAIN, DNS; SSH_PUBLIC_KEY; START_SCRIPT, START_SCRIPT_BASE64.
https://docs.opennebula.io: "Virtual Machine Contextualization".
"""

from __future__ import annotations

import base64
import binascii
import re
import shlex
import socket
import subprocess
from collections.abc import Mapping
from ipaddress import IPv4Interface
from pathlib import Path

from sandbox.guest.machine import run

AUTHORIZED_KEYS = Path("/root/.ssh/authorized_keys")
START_SCRIPT = Path("/var/lib/one-context/start-script")


def parse(text: str) -> dict[str, str]:
    """The variables of a context file: lines `NAME='value'` in shell quoting, values may span lines."""
    pairs = (word.partition("=") for word in shlex.split(text, comments=True))
    return {name: value for name, _, value in pairs}


def apply(context: Mapping[str, str], interfaces: Mapping[str, str]) -> None:
    """Set host name, network and authorized keys. `interfaces` maps a MAC address to the interface that has it."""
    set_hostname(context)
    configure_network(context, interfaces)
    authorize_keys(context)


def set_hostname(context: Mapping[str, str]) -> None:
    """Name the host; without a variable that says so it keeps the name it has."""
    asked = next((context[name] for name in ("SET_HOSTNAME", "HOSTNAME", "NAME") if context.get(name)), None)
    if asked is None:
        return
    name = re.sub(r"[^A-Za-z0-9.-]+", "-", asked).strip("-.")
    socket.sethostname(name)
    Path("/etc/hostname").write_text(f"{name}\n")
    hosts = f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {name} {name.split('.')[0]}\n"
    Path("/etc/hosts").write_text(hosts)


def configure_network(context: Mapping[str, str], interfaces: Mapping[str, str]) -> None:
    """Give each interface the address of the context and nothing else, then routes and resolvers."""
    run("ip", "route", "flush", "default")
    for prefix in network_prefixes(context):
        interface = interfaces.get(context.get(f"{prefix}_MAC", "").lower())
        address = context.get(f"{prefix}_IP")
        if interface is None or not address:
            continue
        wanted = IPv4Interface(f"{address}/{context.get(f'{prefix}_MASK') or '255.255.255.0'}")
        if f" {wanted} " not in run("ip", "-oneline", "-4", "address", "show", "dev", interface):
            run("ip", "address", "flush", "dev", interface, "scope", "global")
            run("ip", "address", "add", str(wanted), "broadcast", "+", "dev", interface)
        run("ip", "link", "set", "dev", interface, "up")
    for prefix in network_prefixes(context):
        interface = interfaces.get(context.get(f"{prefix}_MAC", "").lower())
        gateway = context.get(f"{prefix}_GATEWAY")
        if interface and gateway:
            metric = prefix.removeprefix("ETH")
            run("ip", "route", "replace", "default", "via", gateway, "dev", interface, "metric", metric)
    Path("/etc/resolv.conf").write_text(resolvers(context))


def network_prefixes(context: Mapping[str, str]) -> list[str]:
    """ETH0, ETH1, ... as far as the context has them, by number."""
    numbers = {int(match[1]) for name in context if (match := re.fullmatch(r"ETH(\d+)_MAC", name))}
    return [f"ETH{number}" for number in sorted(numbers)]


def resolvers(context: Mapping[str, str]) -> str:
    """What /etc/resolv.conf says: the resolvers of all networks and of DNS, each once."""
    prefixes = network_prefixes(context)
    servers = [server for name in (*(f"{p}_DNS" for p in prefixes), "DNS") for server in context.get(name, "").split()]
    domains = [domain for p in prefixes for domain in context.get(f"{p}_SEARCH_DOMAIN", "").split()]
    lines = [f"nameserver {server}" for server in dict.fromkeys(servers)]
    if domains:
        lines.insert(0, f"search {' '.join(dict.fromkeys(domains))}")
    return "".join(f"{line}\n" for line in lines)


def authorize_keys(context: Mapping[str, str]) -> None:
    """Let the keys of SSH_PUBLIC_KEY log in as root; keys that someone added otherwise stay."""
    AUTHORIZED_KEYS.parent.mkdir(mode=0o700, exist_ok=True)
    present = AUTHORIZED_KEYS.read_text().splitlines() if AUTHORIZED_KEYS.exists() else []
    asked = [line.strip() for line in context.get("SSH_PUBLIC_KEY", "").splitlines() if line.strip()]
    keys = dict.fromkeys([*present, *asked])
    AUTHORIZED_KEYS.write_text("".join(f"{key}\n" for key in keys))
    AUTHORIZED_KEYS.chmod(0o600)


def make_host_keys() -> None:
    """The machine's SSH host keys are born on its first boot and stay."""
    run("ssh-keygen", "-A")


def start_script(context: Mapping[str, str]) -> str | None:
    """The script to run at boot, None when there is none. Raises ValueError when it is not valid base64."""
    if context.get("START_SCRIPT_BASE64"):
        try:
            return base64.b64decode(context["START_SCRIPT_BASE64"], validate=False).decode()
        except (binascii.Error, UnicodeDecodeError) as error:
            raise ValueError(f"START_SCRIPT_BASE64 is not a script in base64: {error}") from error
    return context.get("START_SCRIPT") or None


def run_start_script(script: str) -> subprocess.Popen[bytes]:
    """Start the script as root in the background; it writes to the console."""
    START_SCRIPT.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    START_SCRIPT.write_text(script)
    START_SCRIPT.chmod(0o700)
    command = [str(START_SCRIPT)] if script.startswith("#!") else ["/bin/sh", str(START_SCRIPT)]
    return subprocess.Popen(command, cwd="/", stdin=subprocess.DEVNULL, start_new_session=True)
