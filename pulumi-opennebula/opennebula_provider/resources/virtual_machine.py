"""VirtualMachine: from scratch or from a template, ready when it is RUNNING, changed in place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pulumi_provider_kit import Change, CheckFailure, Operation, Properties

from ..definitions import AttachedDisk, AttachedNic, Disk, Nic, Os, VirtualMachine, VirtualMachineOutputs
from ..document import Document
from ..template import Attributes, render, vector
from ..waits import STOPPED, VmState, VmWait
from .base import CloudResource, address, items, key_problems, known, one_of, positive
from .image import prefix_problems

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
            yield from prefix_problems(f"{path}.devPrefix", disk.get("devPrefix"))
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
        """A machine that was made without context can never be given one."""
        changes = super().diff(operation, id, old_inputs, outputs, inputs, changes)
        if not old_inputs.get("context") and "templateId" not in old_inputs:
            return {
                path: Change(change.kind, replace=True) if path.split(".")[0] == "context" else change
                for path, change in changes.items()
            }
        return changes

    def preview(self, operation: Operation, inputs: Properties, old_outputs: Properties | None) -> Properties:
        """Addresses are known where they are fixed, or where the NICs stay as they are."""
        before = old_outputs or {}
        outputs = {**inputs, **({"startTime": before["startTime"]} if "startTime" in before else {})}
        nics = inputs.get("nics", [])
        addresses = [nic.get("ip") if isinstance(nic, dict) else None for nic in nics] if isinstance(nics, list) else []
        if addresses and known(*addresses):
            return {**outputs, "ip": addresses[0], "ips": addresses}
        if before and before.get("nics", []) == nics:
            return {**outputs, **{name: before[name] for name in ("ip", "ips", "attachedNics") if name in before}}
        return outputs

    # --- life ---------------------------------------------------------------------------------------------------------

    def allocate(self, operation: Operation, wanted: VirtualMachine, marks: Attributes) -> int:
        """Make it, from scratch or from a template."""
        attributes: Attributes = [
            *vector({"CPU": _number(wanted.cpu), "VCPU": wanted.vcpu, "MEMORY": wanted.memory}).items(),
            *(("DISK", _disk(disk)) for disk in wanted.disks),
            *(("NIC", _nic(nic)) for nic in wanted.nics),
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
        if VmState.of(live).failed:
            self.client.call("vm.recover", id, _RETRY)
            live = wait.running(recovering=True)
        if VmState.of(live).state in STOPPED:
            self.client.call("vm.action", "resume", id)
            live = wait.running()
        if live.name != wanted.name:
            self.client.call("vm.rename", id, wanted.name, again=True)
        own = ("DESCRIPTION", "SCHED_REQUIREMENTS")
        user_template = self.merged(live, own, _user_attributes(wanted), old.tags)
        if user_template != live.attributes(self.template):
            self.client.call("vm.update", id, render(user_template), 0, again=True)
        self._change_context(wait, live, wanted, old)
        self._change_nics(wait, live, wanted)
        self._resize(wait, live, wanted)

    def remove(self, operation: Operation, id: int, name: str) -> None:
        """Terminate it."""
        VmWait(operation, self.client, id, name).gone()

    def is_gone(self, document: Document) -> bool:
        """A terminated machine is answered for, but gone."""
        return VmState.of(document).is_done

    # --- changes ------------------------------------------------------------------------------------------------------

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
            self.client.call("vm.updateconf", wait.id, whole, 0, again=True)
        elif changed:
            self.client.call("vm.updateconf", wait.id, render([("CONTEXT", changed)]), 1, again=True)
        else:
            return
        wait.running()

    def _change_nics(self, wait: VmWait, live: Document, wanted: VirtualMachine) -> None:
        there = {nic.number("NIC_ID"): nic for nic in live.each("TEMPLATE/NIC")}
        missing = []
        for nic in wanted.nics:
            same = [nic_id for nic_id, have in there.items() if _fits(nic, have)]
            if same:
                del there[same[0]]
            else:
                missing.append(nic)
        if wanted.template_id is not None and not wanted.nics:
            return  # those of the template
        for nic_id in there:
            self.client.call("vm.detachnic", wait.id, nic_id)
            wait.running(_without_nic(nic_id))
        for nic in missing:
            before = _nic_ids(self.client.info("vm", wait.id))
            self.client.call("vm.attachnic", wait.id, render([("NIC", _nic(nic))]))
            wait.running(_with_more_nics(before))

    def _resize(self, wait: VmWait, live: Document, wanted: VirtualMachine) -> None:
        sizes = {"CPU": _number(wanted.cpu), "VCPU": wanted.vcpu, "MEMORY": wanted.memory}
        changed = {
            name: value
            for name, value in vector(sizes).items()
            if float(live.text(f"TEMPLATE/{name}") or 1) != float(value)
        }
        if not changed:
            return
        self.client.call("vm.action", "poweroff", wait.id)
        wait.poweroff()
        self.client.call("vm.resize", wait.id, render(list(changed.items())), True, again=True)
        self.client.call("vm.action", "resume", wait.id)
        wait.running()

    # --- what is there ------------------------------------------------------------------------------------------------

    def outputs(self, document: Document, wanted: VirtualMachine) -> VirtualMachineOutputs:
        """States, addresses, devices, host."""
        state = VmState.of(document)
        nics = [_attached_nic(nic) for nic in _ordered(wanted.nics, list(document.each("TEMPLATE/NIC")))]
        addresses = [nic.ip for nic in nics if nic.ip]
        hosts = [item.text("HOSTNAME") for item in document.each("HISTORY_RECORDS/HISTORY")]
        return VirtualMachineOutputs(
            state=state.state_name,
            lcm_state=state.lcm_name,
            ip=addresses[0] if addresses else None,
            ips=addresses,
            attached_nics=nics,
            attached_disks=[_attached_disk(disk) for disk in document.each("TEMPLATE/DISK")],
            host=hosts[-1] if hosts else "",
            start_time=document.number("STIME"),
        )

    def live(self, document: Document, known: VirtualMachine, importing: bool) -> VirtualMachine:
        """The machine as it is."""

        def shown(path: str, set_value: object) -> str | None:
            return document.maybe(path) if importing or set_value is not None else None

        cpu, vcpu = shown("TEMPLATE/CPU", known.cpu), shown("TEMPLATE/VCPU", known.vcpu)
        memory = shown("TEMPLATE/MEMORY", known.memory)
        from_template = known.template_id is not None
        return VirtualMachine(
            name=document.name,
            description=document.maybe("USER_TEMPLATE/DESCRIPTION"),
            template_id=known.template_id,
            cpu=None if cpu is None else float(cpu),
            vcpu=None if vcpu is None else int(vcpu),
            memory=None if memory is None else int(memory),
            context=_live_context(document, known.context, importing),
            nics=[] if from_template and not known.nics else _live_nics(document, known.nics, importing),
            disks=[] if from_template and not known.disks else _live_disks(document, known.disks, importing),
            os=_live_os(document, known.os),
            sched_requirements=document.maybe("USER_TEMPLATE/SCHED_REQUIREMENTS"),
            tags=self.live_tags(document, known.tags, importing),
        )


# --- to OpenNebula ----------------------------------------------------------------------------------------------------


def _user_attributes(wanted: VirtualMachine) -> Attributes:
    own = vector({"DESCRIPTION": wanted.description, "SCHED_REQUIREMENTS": wanted.sched_requirements})
    return [*own.items(), *wanted.tags.items()]


def _nic(nic: Nic) -> dict[str, str]:
    return vector(
        {
            "NETWORK_ID": nic.network_id,
            "IP": nic.ip,
            "MAC": nic.mac,
            "SECURITY_GROUPS": ",".join(map(str, nic.security_groups)) or None,
            "MODEL": nic.model,
        }
    )


def _disk(disk: Disk) -> dict[str, str]:
    empty = disk.image_id is None
    return vector(
        {
            "IMAGE_ID": disk.image_id,
            "TYPE": (disk.type or "raw") if empty else None,
            "FORMAT": (disk.format or "raw") if empty else None,
            "SIZE": disk.size,
            "TARGET": disk.target,
            "DEV_PREFIX": disk.dev_prefix,
        }
    )


def _os(os: Os) -> dict[str, str]:
    return vector({"ARCH": os.arch, "MACHINE": os.machine, "BOOT": os.boot, "FIRMWARE": os.firmware})


def _number(value: float | None) -> str | None:
    return None if value is None else f"{value:g}"


def _upper(values: dict[str, Any]) -> dict[str, Any]:
    return {key.upper(): value for key, value in values.items()}


# --- from OpenNebula --------------------------------------------------------------------------------------------------


def _fits(nic: Nic, have: Document) -> bool:
    """Whether this attached NIC is what is wanted; the network's own security groups are in force beside its own."""
    return (
        have.number("NETWORK_ID") == nic.network_id
        and nic.ip in (None, have.maybe("IP"))
        and (nic.mac is None or nic.mac.lower() == have.text("MAC").lower())
        and nic.model in (None, have.maybe("MODEL"))
        and set(nic.security_groups) <= set(have.numbers("SECURITY_GROUPS"))
    )


def _ordered(wanted: list[Nic], there: list[Document]) -> list[Document]:
    """The attached NICs: those wanted in the order in which they are, then the others."""
    rest, ordered = list(there), []
    for nic in wanted:
        for have in rest:
            if _fits(nic, have):
                rest.remove(have)
                ordered.append(have)
                break
    return [*ordered, *rest]


def _live_nics(document: Document, known: list[Nic], importing: bool) -> list[Nic]:
    there = list(document.each("TEMPLATE/NIC"))
    rest, unmatched = list(there), []
    live: dict[int, Nic] = {}
    for index, nic in enumerate(known):
        same = [have for have in rest if _fits(nic, have)]
        if same:
            rest.remove(same[0])
            live[index] = nic
        else:
            unmatched.append(index)
    # What is left was attached or changed by somebody else: shown in the place of what is missing, whole.
    for index in unmatched:
        if rest:
            live[index] = _shown_nic(rest.pop(0), known[index], importing)
    return [*(live[index] for index in sorted(live)), *(_shown_nic(have, None, importing) for have in rest)]


def _shown_nic(have: Document, known: Nic | None, importing: bool) -> Nic:
    return Nic(
        network_id=have.number("NETWORK_ID"),
        ip=have.maybe("IP") if known is None or known.ip else None,
        mac=have.maybe("MAC") if known is not None and known.mac else None,
        security_groups=have.numbers("SECURITY_GROUPS") if known is not None and known.security_groups else [],
        model=have.maybe("MODEL") if importing or (known is not None and known.model) else None,
    )


def _live_disks(document: Document, known: list[Disk], importing: bool) -> list[Disk]:
    there = list(document.each("TEMPLATE/DISK"))
    live = []
    for index, have in enumerate(there):
        before = known[index] if index < len(known) else None
        whole = importing or before is None
        image = have.maybe("IMAGE_ID")
        size = have.maybe("SIZE")
        empty = image is None
        live.append(
            Disk(
                image_id=None if image is None else int(image),
                size=int(size) if size and (empty or (before is not None and before.size)) else None,
                target=have.maybe("TARGET") if before is not None and before.target else None,
                type=have.maybe("TYPE") if empty and (whole or (before is not None and before.type)) else None,
                format=have.maybe("FORMAT") if empty and (whole or (before is not None and before.format)) else None,
                dev_prefix=have.maybe("DEV_PREFIX") if before is not None and before.dev_prefix else None,
            )
        )
    return live


def _live_os(document: Document, known: Os | None) -> Os | None:
    if known is None:
        return None
    return Os(
        arch=document.maybe("TEMPLATE/OS/ARCH") if known.arch else None,
        machine=document.maybe("TEMPLATE/OS/MACHINE") if known.machine else None,
        boot=document.maybe("TEMPLATE/OS/BOOT") if known.boot else None,
        firmware=document.maybe("TEMPLATE/OS/FIRMWARE") if known.firmware else None,
    )


def _live_context(document: Document, known: dict[str, str], importing: bool) -> dict[str, str]:
    context = dict(document.attributes("TEMPLATE")).get("CONTEXT", {})
    there = dict(context) if isinstance(context, dict) else {}
    if importing:
        return {key: value for key, value in there.items() if not _made_by_oned(key)}
    # A value with $VARIABLES is expanded by oned, so that what it is now says nothing about what was set.
    return {key: value if "$" in value else there[key.upper()] for key, value in known.items() if key.upper() in there}


def _made_by_oned(key: str) -> bool:
    """Whether oned puts this variable into the context by itself."""
    return key in _OWN_CONTEXT or (key.startswith("ETH") and key[3:4].isdigit())


def _attached_nic(nic: Document) -> AttachedNic:
    return AttachedNic(
        nic_id=nic.number("NIC_ID"),
        network_id=nic.number("NETWORK_ID"),
        network=nic.text("NETWORK"),
        ip=nic.maybe("IP"),
        mac=nic.text("MAC"),
        security_groups=nic.numbers("SECURITY_GROUPS"),
    )


def _attached_disk(disk: Document) -> AttachedDisk:
    image, size = disk.maybe("IMAGE_ID"), disk.maybe("SIZE")
    return AttachedDisk(
        disk_id=disk.number("DISK_ID"),
        image_id=None if image is None else int(image),
        size=int(size or 0),
        target=disk.text("TARGET"),
    )


def _without_nic(nic_id: int) -> Callable[[Document], bool]:
    return lambda document: nic_id not in _nic_ids(document)


def _with_more_nics(before: set[int]) -> Callable[[Document], bool]:
    return lambda document: bool(_nic_ids(document) - before)


def _nic_ids(document: Document) -> set[int]:
    return {nic.number("NIC_ID") for nic in document.each("TEMPLATE/NIC")}
