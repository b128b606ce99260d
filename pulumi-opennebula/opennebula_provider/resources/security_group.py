"""SecurityGroup: the packets that NICs let through."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from pulumi_provider_kit import CheckFailure, Operation, Pending, Properties, UserError

from ..definitions import SecurityGroup, SecurityGroupOutputs, SecurityGroupRule
from ..document import Document
from ..template import Attributes, render, vector
from ..waits import PATIENCE, removed
from .base import CloudResource, in_order_of
from .checks import address, items, one_of, positive

_PROTOCOLS = ("TCP", "UDP", "ICMP", "ICMPV6", "IPSEC", "ALL")
_DIRECTIONS = ("INBOUND", "OUTBOUND")
_PORTS = re.compile(r"(\d+)(?::(\d+))?\Z")
_BEHIND = ("OUTDATED_VMS", "UPDATING_VMS", "ERROR_VMS")  # the machines that do not have the group's rules yet
_LISTS = ("UPDATED_VMS", *_BEHIND)


class SecurityGroupResource(CloudResource[SecurityGroup]):
    """See the definition of `SecurityGroup`."""

    inputs = SecurityGroup
    kind = "secgroup"
    noun = "security group"
    reserved = frozenset({"RULE"})
    default_timeout = 300.0

    def problems(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Protocols, directions, ports, peers."""
        for path, rule in items(inputs, "rules"):
            protocol = rule.get("protocol")
            yield from one_of(f"{path}.protocol", protocol, _PROTOCOLS)
            yield from one_of(f"{path}.ruleType", rule.get("ruleType"), _DIRECTIONS)
            if isinstance(ports := rule.get("range"), str):
                yield from _port_problems(f"{path}.range", ports)
                if protocol in _PROTOCOLS and protocol not in ("TCP", "UDP"):
                    yield CheckFailure(f"{path}.range", f"ports are for TCP and UDP, not for {protocol}")
            if "icmpType" in rule and protocol in _PROTOCOLS and protocol not in ("ICMP", "ICMPV6"):
                yield CheckFailure(f"{path}.icmpType", f"is for ICMP and ICMPV6, not for {protocol}")
            yield from address(f"{path}.ip", rule.get("ip"))[1]
            yield from positive(f"{path}.size", rule.get("size"))
            for one, other in (("ip", "size"), ("size", "ip")):
                if one in rule and other not in rule:
                    yield CheckFailure(f"{path}.{other}", f"is required beside {one}")
            if "ip" in rule and "networkId" in rule:
                yield CheckFailure(
                    f"{path}.networkId", "the peers are either a network's addresses or those from ip on"
                )

    def allocate(self, operation: Operation, wanted: SecurityGroup, marks: Attributes) -> int:
        """Make it."""
        name: Attributes = [("NAME", wanted.name or "")]
        return int(self.client.call("secgroup.allocate", render([*name, *_attributes(wanted), *marks])))

    def change(self, operation: Operation, live: Document, wanted: SecurityGroup, old: SecurityGroup) -> None:
        """Rename it, set its rules, and see them reach the machines."""
        if live.name != wanted.name:
            self.client.call("secgroup.rename", live.id, wanted.name, again=True)
        attributes = self.merged(live, ("DESCRIPTION", "RULE"), _attributes(wanted), old.tags)
        if attributes != live.attributes(self.template):
            self.client.call("secgroup.update", live.id, render(attributes), 0, again=True)
        elif not _machines(live, *_BEHIND):  # what an interrupted update may have left
            return
        self._reach(operation, live.id, live.name, _machines(live))

    def _reach(self, operation: Operation, id: int, name: str, machines: set[int]) -> None:
        """Wait until the machines that had the old rules have the new ones."""
        started = time.monotonic()
        recovered = False

        def probe() -> bool | Pending:
            nonlocal recovered
            document = self.client.info("secgroup", id)
            failed = _machines(document, "ERROR_VMS")
            waiting = _machines(document, "OUTDATED_VMS", "UPDATING_VMS")
            if failed and not waiting and not recovered:
                self.client.call("secgroup.commit", id, True, again=True)
                recovered = True
                return Pending("once more")
            if failed and not waiting:
                listed = ", ".join(map(str, sorted(failed)))
                raise UserError(f"its rules do not reach VM {listed}; see the logs of these machines")
            # oned lists nothing for a moment; a machine that was terminated meanwhile is never listed again.
            missing = machines - _machines(document, "UPDATED_VMS")
            if waiting or (missing and time.monotonic() - started < PATIENCE):
                return Pending(f"its rules go to VM {', '.join(map(str, sorted(waiting | missing)))}")
            return True

        operation.wait_for(f"security group {id} ({name})", probe)

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Delete it; machines that are being terminated may use it for a moment."""
        removed(
            operation,
            f"security group {id} ({name})",
            lambda: self.client.call("secgroup.delete", id, again=True),
            lambda: self.client.info("secgroup", id),
        )

    def outputs(self, document: Document, wanted: SecurityGroup) -> SecurityGroupOutputs:
        """There are none."""
        return SecurityGroupOutputs()

    def live(self, document: Document, before: SecurityGroup, importing: bool) -> SecurityGroup:
        """The group as it is."""
        return SecurityGroup(
            name=document.name,
            description=document.maybe("TEMPLATE/DESCRIPTION"),
            rules=in_order_of(before.rules, [_live_rule(rule) for rule in document.each("TEMPLATE/RULE")]),
            tags=self.live_tags(document, before.tags, importing),
        )


def _attributes(wanted: SecurityGroup) -> Attributes:
    return [
        *vector({"DESCRIPTION": wanted.description}).items(),
        *(("RULE", _rule(rule)) for rule in wanted.rules),
        *wanted.tags.items(),
    ]


def _rule(rule: SecurityGroupRule) -> dict[str, str]:
    return vector(
        {
            "PROTOCOL": rule.protocol,
            "RULE_TYPE": rule.rule_type,
            "RANGE": rule.range,
            "ICMP_TYPE": rule.icmp_type,
            "IP": rule.ip,
            "SIZE": rule.size,
            "NETWORK_ID": rule.network_id,
        }
    )


def _live_rule(rule: Document) -> SecurityGroupRule:
    def number(path: str) -> int | None:
        return rule.number(path) if rule.maybe(path) else None

    return SecurityGroupRule(
        protocol=rule.text("PROTOCOL").upper(),
        rule_type=rule.text("RULE_TYPE").upper(),
        range=rule.maybe("RANGE"),
        icmp_type=number("ICMP_TYPE"),
        ip=rule.maybe("IP"),
        size=number("SIZE"),
        network_id=number("NETWORK_ID"),
    )


def _machines(document: Document, *lists: str) -> set[int]:
    return {int(item.text(".")) for name in lists or _LISTS for item in document.each(f"{name}/ID")}


def _port_problems(path: str, ports: str) -> Iterator[CheckFailure]:
    for part in ports.split(","):
        match = _PORTS.match(part.strip())
        if not match:
            yield CheckFailure(path, f"must be ports and port ranges, such as 22,80:90; not {part!r}")
            continue
        first, last = int(match[1]), int(match[2] or match[1])
        if last > 65535:
            yield CheckFailure(path, f"{part}: ports end at 65535")
        elif first > last:
            yield CheckFailure(path, f"{part}: a range goes from the lower port to the higher one")
