"""VirtualMachine: from scratch or from a template, ready when it is RUNNING, changed in place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from pulumi_provider_kit import UNKNOWN, Change, CheckFailure, Operation, Properties

from ..definitions import Nic, Os, VirtualMachine, VirtualMachineOutputs
from ..document import Document
from ..template import Attributes, render, vector
from ..vm_waits import STOPPED, VmState, VmWait
from .base import CloudResource
from .checks import address, device_prefix, items, key_problems, known, one_of, positive
from .devices import (
    attached_disk,
    attached_nic,
    disk_vector,
    imported_disks,
    in_wanted_order,
    live_nics,
    nic_vector,
    paired,
)

# What `vm.updateconf` with replacement wipes unless it is named again.
_CONFIGURATION = (
    "OS",
    "FEATURES",
    "INPUT",
    "GRAPHICS",
    "VIDEO",
    "RAW",
    "CPU_MODEL",
    "BACKUP_CONFIG",
    "NIC_DEFAULT",
)
_OWN_CONTEXT = ("DISK_ID", "TARGET")
_RETRY = 2


class VirtualMachineResource(CloudResource[VirtualMachine]):
    """See the definition of `VirtualMachine`."""

    inputs = VirtualMachine
    kind = "vm"
    noun = "virtual machine"
    template = "USER_TEMPLATE"
    reserved = frozenset(
        {
            *_CONFIGURATION,
            *("CONTEXT", "CPU", "DISK", "MEMORY", "NIC", "NIC_ALIAS", "PCI", "TEMPLATE_ID", "TOPOLOGY", "VCPU", "VMID"),
            *("SCHED_REQUIREMENTS", "DESCRIPTION"),
        }
    )
    stable_outputs = ("attachedDisks", "startTime")
    default_timeout = 1200.0

    # --- inputs -------------------------------------------------------------------------------------------------------

    def problems(self, inputs: Properties) -> Iterator[CheckFailure]:
        """Capacity given, addresses valid and taken once, disks complete."""
        if "templateId" not in inputs:
            for name in ("cpu", "memory"):
                if inputs.get(name) is None:
                    yield CheckFailure(name, "is required, unless templateId names a template that has it")
        for name in ("cpu", "vcpu", "memory"):
            yield from positive(name, inputs.get(name))
        yield from key_problems("context", inputs.get("context"), _OWN_CONTEXT)
        script = _upper(inputs["context"]).get("START_SCRIPT") if isinstance(inputs.get("context"), dict) else None
        if isinstance(script, str) and "$" in script:
            yield CheckFailure(
                "context.START_SCRIPT", "OpenNebula replaces every $VARIABLE in it; use START_SCRIPT_BASE64 instead"
            )
        taken: dict[tuple[Any, Any], str] = {}
        for path, nic in items(inputs, "nics"):
            yield from address(f"{path}.ip", nic.get("ip"))[1]
            where = nic.get("networkId"), nic.get("ip")
            if known(*where):
                if where in taken:
                    yield CheckFailure(f"{path}.ip", f"{nic['ip']} is that of {taken[where]} already")
                taken.setdefault(where, path)
        for path, disk in items(inputs, "disks"):
            yield from positive(f"{path}.size", disk.get("size"))
            yield from device_prefix(f"{path}.devPrefix", disk.get("devPrefix"))
            if "imageId" not in disk:
                yield from one_of(f"{path}.type", disk.get("type"), ("fs", "swap", "raw"))
                yield from one_of(f"{path}.format", disk.get("format"), ("raw", "qcow2"))
                if "size" not in disk:
                    yield CheckFailure(
                        f"{path}.size", "is required by an empty disk; or imageId, for a copy of an image"
                    )
            else:
                for name in ("type", "format"):
                    if name in disk:
                        yield CheckFailure(f"{path}.{name}", "is that of an empty disk; an image has its own")

    def diff(
        self,
        operation: Operation,
        id: str,
        old_inputs: Properties,
        outputs: Properties,
        inputs: Properties,
        changes: dict[str, Change],
    ) -> dict[str, Change]:
        """What cannot be changed in place beside what the schema says.

        A machine that was made without context can never be given one. One that waits for a host cannot be resized.
        And where a network is to be replaced, its machines must go first: the engine then asks with NICs not known.
        """
        changes = super().diff(operation, id, old_inputs, outputs, inputs, changes)
        replacing: set[str] = set()
        if not old_inputs.get("context") and "templateId" not in old_inputs:
            replacing.add("context")
        if outputs.get("state") == "PENDING":
            replacing |= {"cpu", "vcpu", "memory"}
        if inputs.get("nics") is UNKNOWN or any(nic.get("networkId") is UNKNOWN for _, nic in items(inputs, "nics")):
            replacing.add("nics")
        return {
            path: Change(change.kind, replace=change.replace or re.split(r"[.\[]", path)[0] in replacing)
            for path, change in changes.items()
        }

    def preview(self, operation: Operation, inputs: Properties, old_outputs: Properties | None) -> Properties:
        """Addresses are known where all are fixed, or where the NICs stay as they are."""
        outputs, before = super().preview(operation, inputs, old_outputs), old_outputs or {}
        nics = inputs.get("nics", [])
        addresses = [nic.get("ip") for _, nic in items(inputs, "nics")]
        if addresses and len(addresses) == len(nics) and known(*addresses):
            return {**outputs, "ip": addresses[0], "ips": addresses}
        if before and before.get("nics", []) == nics:
            return {**outputs, **{name: before[name] for name in ("ip", "ips", "attachedNics") if name in before}}
        return outputs

    # --- life ---------------------------------------------------------------------------------------------------------

    def allocate(self, operation: Operation, wanted: VirtualMachine, marks: Attributes) -> int:
        """Make it, from scratch or from a template."""
        attributes: Attributes = [
            *vector({"CPU": _number(wanted.cpu), "VCPU": wanted.vcpu, "MEMORY": wanted.memory}).items(),
            *(("DISK", disk_vector(disk)) for disk in wanted.disks),
            *(("NIC", nic_vector(nic)) for nic in wanted.nics),
            *([("OS", _os(wanted.os))] if wanted.os else []),
            *_user_attributes(wanted),
            *marks,
        ]
        if wanted.template_id is None:
            context: Attributes = [("CONTEXT", _upper(wanted.context))] if wanted.context else []
            template = render([("NAME", wanted.name or ""), *attributes, *context])
            return int(self.client.call("vm.allocate", template, False))
        if wanted.context:
            base = dict(self.client.info("template", wanted.template_id).attributes("TEMPLATE")).get("CONTEXT", {})
            inherited = dict(base) if isinstance(base, dict) else {}
            attributes.append(("CONTEXT", {**inherited, **_upper(wanted.context)}))
        extra = render(attributes)
        return int(self.client.call("template.instantiate", wanted.template_id, wanted.name, False, extra, False))

    def settle(self, operation: Operation, id: int, name: str) -> Document:
        """Wait until it is RUNNING."""
        return VmWait(operation, self.client, id, name).running()

    def change(self, operation: Operation, live: Document, wanted: VirtualMachine, old: VirtualMachine) -> None:
        """Recover or resume it if need be, then change one thing after the other."""
        id, wait = live.id, VmWait(operation, self.client, live.id, live.name)
        live = wait.steady()
        # First what may let a machine start that does not: it may be waiting for a host that fits.
        if live.name != wanted.name:
            self.client.call("vm.rename", id, wanted.name, again=True)
        own = ("DESCRIPTION", "SCHED_REQUIREMENTS")
        user_template = self.merged(live, own, _user_attributes(wanted), old.tags)
        if user_template != live.attributes(self.template):
            self.client.call("vm.update", id, render(user_template), 0, again=True)
        live = self._started(wait, live)
        self._resize(wait, live, wanted)
        self._change_context(wait, live, wanted, old)
        self._change_nics(wait, live, wanted, old)

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Terminate it."""
        VmWait(operation, self.client, id, name).gone()

    def is_gone(self, document: Document) -> bool:
        """A terminated machine is answered for, but gone."""
        return VmState.of(document).is_done

    # --- changes ------------------------------------------------------------------------------------------------------

    def _started(self, wait: VmWait, live: Document) -> Document:
        """Bring it to RUNNING from wherever it rests; its document."""
        state = VmState.of(live)
        if state.failed:
            self.client.call("vm.recover", wait.id, _RETRY)
            return wait.running(recovering=True)
        if state.state in STOPPED:
            wait.ask("vm.action", "resume", wait.id)
        return wait.running()

    def _change_context(self, wait: VmWait, live: Document, wanted: VirtualMachine, old: VirtualMachine) -> None:
        there = dict(live.attributes("TEMPLATE")).get("CONTEXT", {})
        context = dict(there) if isinstance(there, dict) else {}
        new, before = _upper(wanted.context), _upper(old.context)
        # oned expands $VARIABLES, so that such a value never equals what was set.
        changed = {
            key: value
            for key, value in new.items()
            if (value != before.get(key) if "$" in value else value != context.get(key))
        }
        dropped = {key for key in before if key not in new and key in context}
        if dropped:
            kept = {key: value for key, value in context.items() if key not in dropped and not _made_by_oned(key)}
            others = [(name, value) for name, value in live.attributes("TEMPLATE") if name in _CONFIGURATION]
            whole = render([*others, ("CONTEXT", {**kept, **new})])
            wait.ask("vm.updateconf", wait.id, whole, 0, again=True)
        elif changed:
            wait.ask("vm.updateconf", wait.id, render([("CONTEXT", changed)]), 1, again=True)
        else:
            return
        wait.running()

    def _change_nics(self, wait: VmWait, live: Document, wanted: VirtualMachine, old: VirtualMachine) -> None:
        if wanted.template_id is not None and not wanted.nics and not old.nics:
            return  # those of the template
        there = list(live.each("TEMPLATE/NIC"))
        dropped = [self._dropped_groups(nic, old) for nic in wanted.nics]
        right = paired(wanted.nics, there, dropped)
        for nic_id in _nic_ids(live) - {have.number("NIC_ID") for have in right.values()}:
            wait.ask("vm.detachnic", wait.id, nic_id)
            wait.running(_without_nic(nic_id))
        for nic in (nic for index, nic in enumerate(wanted.nics) if index not in right):
            before = _nic_ids(self.client.info("vm", wait.id))
            wait.ask("vm.attachnic", wait.id, render([("NIC", nic_vector(nic))]))
            wait.running(_with_more_nics(before))

    def _dropped_groups(self, nic: Nic, old: VirtualMachine) -> set[int]:
        """Security groups that the machine's NICs on that network had and this one is not to have."""
        had = {group for other in old.nics if other.network_id == nic.network_id for group in other.security_groups}
        dropped = had - set(nic.security_groups)
        if not dropped:
            return dropped
        return dropped - set(self.client.info("vn", nic.network_id).numbers("TEMPLATE/SECURITY_GROUPS"))

    def _resize(self, wait: VmWait, live: Document, wanted: VirtualMachine) -> None:
        sizes = _changed_sizes(live, wanted)
        if not sizes:
            return
        wait.off()
        wait.ask("vm.resize", wait.id, render(sizes), True, again=True)
        wait.ask("vm.action", "resume", wait.id)
        wait.running()

    # --- what is there ------------------------------------------------------------------------------------------------

    def outputs(self, document: Document, wanted: VirtualMachine) -> VirtualMachineOutputs:
        """States, addresses, devices, host."""
        state = VmState.of(document)
        nics = [attached_nic(nic) for nic in in_wanted_order(wanted.nics, list(document.each("TEMPLATE/NIC")))]
        addresses = [nic.ip for nic in nics if nic.ip]
        hosts = [item.text("HOSTNAME") for item in document.each("HISTORY_RECORDS/HISTORY")]
        return VirtualMachineOutputs(
            state=state.state_name,
            lcm_state=state.lcm_name,
            ip=addresses[0] if addresses else None,
            ips=addresses,
            attached_nics=nics,
            attached_disks=[attached_disk(disk) for disk in document.each("TEMPLATE/DISK")],
            host=hosts[-1] if hosts else "",
            start_time=document.number("STIME"),
        )

    def live(self, document: Document, before: VirtualMachine, importing: bool) -> VirtualMachine:
        """The machine as it is.

        Disks and boot settings are compared only by the program's own changes: to repair a drift in them, the machine
        would have to be replaced.
        """

        def shown(path: str, set_value: object) -> str | None:
            return document.maybe(path) if importing or set_value is not None else None

        cpu, vcpu = shown("TEMPLATE/CPU", before.cpu), shown("TEMPLATE/VCPU", before.vcpu)
        memory = shown("TEMPLATE/MEMORY", before.memory)
        templates_nics = before.template_id is not None and not before.nics
        return VirtualMachine(
            name=document.name,
            description=document.maybe("USER_TEMPLATE/DESCRIPTION"),
            template_id=before.template_id,
            cpu=None if cpu is None else float(cpu),
            vcpu=None if vcpu is None else int(vcpu),
            memory=None if memory is None else int(memory),
            context=_live_context(document, before.context, importing),
            nics=[] if templates_nics else live_nics(document, before.nics, importing),
            disks=imported_disks(document) if importing else before.disks,
            os=before.os,
            sched_requirements=document.maybe("USER_TEMPLATE/SCHED_REQUIREMENTS"),
            tags=self.live_tags(document, before.tags, importing),
        )


# --- to OpenNebula ----------------------------------------------------------------------------------------------------


def _user_attributes(wanted: VirtualMachine) -> Attributes:
    own = vector({"DESCRIPTION": wanted.description, "SCHED_REQUIREMENTS": wanted.sched_requirements})
    return [*own.items(), *wanted.tags.items()]


def _os(os: Os) -> dict[str, str]:
    return vector({"ARCH": os.arch, "MACHINE": os.machine, "BOOT": os.boot, "FIRMWARE": os.firmware})


def _changed_sizes(live: Document, wanted: VirtualMachine) -> Attributes:
    sizes = vector({"CPU": _number(wanted.cpu), "VCPU": wanted.vcpu, "MEMORY": wanted.memory})
    return [(name, value) for name, value in sizes.items() if float(live.text(f"TEMPLATE/{name}") or 1) != float(value)]


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _upper(values: dict[str, Any]) -> dict[str, Any]:
    return {key.upper(): value for key, value in values.items()}


# --- from OpenNebula --------------------------------------------------------------------------------------------------


def _live_context(document: Document, before: dict[str, str], importing: bool) -> dict[str, str]:
    context = dict(document.attributes("TEMPLATE")).get("CONTEXT", {})
    there = dict(context) if isinstance(context, dict) else {}
    if importing:
        return {key: value for key, value in there.items() if not _made_by_oned(key)}
    # A value with $VARIABLES is expanded by oned, so that what it is now says nothing about what was set.
    return {key: value if "$" in value else there[key.upper()] for key, value in before.items() if key.upper() in there}


def _made_by_oned(key: str) -> bool:
    """Whether oned puts this variable into the context by itself."""
    return key in _OWN_CONTEXT or (key.startswith("ETH") and key[3:4].isdigit())


def _without_nic(nic_id: int) -> Callable[[Document], bool]:
    return lambda document: nic_id not in _nic_ids(document)


def _with_more_nics(before: set[int]) -> Callable[[Document], bool]:
    def met(document: Document) -> bool:
        new = [nic for nic in document.each("TEMPLATE/NIC") if nic.number("NIC_ID") not in before]
        return bool(new) and not any(nic.has("ATTACH") for nic in new)  # oned's mark of one under way

    return met


def _nic_ids(document: Document) -> set[int]:
    return {nic.number("NIC_ID") for nic in document.each("TEMPLATE/NIC")}
