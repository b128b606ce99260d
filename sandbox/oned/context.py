"""CONTEXT, by which a guest learns who it is: variables expanded, and with NETWORK=YES the NICs as ETHn_*."""

from __future__ import annotations

import re
from collections.abc import Callable

from sandbox.oned.network import Network
from sandbox.oned.template import Vector
from sandbox.oned.vm import Vm

# The guest's name of a thing -> the name in the NIC, the address range or the network.
NIC_VARIABLES = {
    "DNS": "DNS",
    "EXTERNAL": "EXTERNAL",
    "GATEWAY": "GATEWAY",
    "IP": "IP",
    "IP6": "IP6",
    "IP6_GATEWAY": "GATEWAY6",
    "IP6_METHOD": "IP6_METHOD",
    "IP6_METRIC": "IP6_METRIC",
    "IP6_PREFIX_LENGTH": "PREFIX_LENGTH",
    "IP6_ULA": "IP6_ULA",
    "MAC": "MAC",
    "MASK": "NETWORK_MASK",
    "METHOD": "METHOD",
    "METRIC": "METRIC",
    "MTU": "GUEST_MTU",
    "NETWORK": "NETWORK_ADDRESS",
    "ROUTES": "ROUTES",
    "SEARCH_DOMAIN": "SEARCH_DOMAIN",
    "VLAN_ID": "VLAN_ID",
    "VROUTER_IP": "VROUTER_IP",
    "VROUTER_IP6": "VROUTER_IP6",
    "VROUTER_MANAGEMENT": "VROUTER_MANAGEMENT",
}
VARIABLE = re.compile(r"\$(?P<name>\w+)(?:\[(?P<attribute>\w+)(?:,\s*(?P<key>\w+)\s*=\s*\"(?P<value>[^\"]*)\")?\])?")
NIC_VARIABLE = re.compile(r"ETH\d+_")

FindNetwork = Callable[[Vector], "Network | None"]


def complete(vm: Vm, context: Vector, find_network: FindNetwork) -> Vector:
    """The context with its variables expanded and the VM's NICs described."""
    expanded = {name: expand(vm, value, find_network) for name, value in context.items()}
    return with_nics(vm, expanded, find_network)


def with_nics(vm: Vm, context: Vector, find_network: FindNetwork) -> Vector:
    """The context with ETHn_* of the NICs that the VM has now, if it has NETWORK=YES."""
    context = {name: value for name, value in context.items() if not NIC_VARIABLE.match(name)}
    if context.get("NETWORK", "").upper() == "YES":
        for at, nic in enumerate(vm.template.vectors("NIC")):
            if network := find_network(nic):
                for variable, attribute in NIC_VARIABLES.items():
                    context[f"ETH{at}_{variable}"] = network.attribute(nic, attribute)
    return context


def expand(vm: Vm, text: str, find_network: FindNetwork) -> str:
    """`$NAME`, `$VMID`, any attribute of the VM, `$NETWORK[BRIDGE, NETWORK="net1"]`; what is unknown vanishes."""

    def value(match: re.Match[str]) -> str:
        name, attribute = match["name"], match["attribute"]
        if attribute is None:
            own = {"NAME": vm.name, "VMID": str(vm.id), "UNAME": vm.uname, "GNAME": vm.gname}
            own |= {"UID": str(vm.uid), "GID": str(vm.gid)}
            return own.get(name) or vm.template.text(name) or vm.user_template.text(name)
        if name == "NETWORK" and match["key"]:
            network = find_network({match["key"]: match["value"]})
            return network.template.text(attribute) if network else ""
        vector = vm.template.vector(name) or {}
        return vector.get(attribute, "")

    return VARIABLE.sub(value, text)
