"""Virtual machines: the document, its history, and what a listing shows of it."""

from __future__ import annotations

import time
from typing import ClassVar, Literal

from pydantic import BaseModel, Field

from sandbox.oned.document import Document
from sandbox.oned.states import FAILURES, Lcm, Reason, State
from sandbox.oned.template import Template, Vector
from sandbox.oned.xml import cdata, element, group

LISTED_DISK = [
    "DISK_ID",
    "DATASTORE",
    "DATASTORE_ID",
    "IMAGE",
    "IMAGE_ID",
    "SIZE",
    "TYPE",
    "CLONE",
    "CLONE_TARGET",
    "LN_TARGET",
    "DISK_SNAPSHOT_TOTAL_SIZE",
]
LISTED_NIC = ["MAC", "NETWORK", "NETWORK_ID", "NIC_ID", "SECURITY_GROUPS"]
LISTED_USER_ATTRIBUTES = ("ERROR", "LABELS", "SCHED_MESSAGE", "SCHED_RANK", "SCHED_REQUIREMENTS")
FIRST_VNC_PORT = 5900

Job = Literal[
    "",
    "reboot",
    "reboot-hard",
    "update-context",
    "attach-disk",
    "detach-disk",
    "attach-nic",
    "detach-nic",
    "resize-disk",
]


class Record(BaseModel):
    """One stay on a host: prolog, running and epilog begin and end in it; 0 is not yet."""

    seq: int
    host: int
    hostname: str
    cluster: int
    datastore: int = 0
    vm_mad: str
    tm_mad: str
    plan: int  # -2: deployed by the user, -1: by the scheduler
    start: int = 0
    end: int = 0
    prolog: tuple[int, int] = (0, 0)
    running: tuple[int, int] = (0, 0)
    epilog: tuple[int, int] = (0, 0)
    reason: Reason = Reason.NONE
    by: int = -1  # the user who asked for the reason

    def xml(self, vm: int) -> str:
        """As in the VM's own document."""
        return group(
            "HISTORY",
            element("OID", vm),
            element("SEQ", self.seq),
            element("HOSTNAME", self.hostname),
            element("HID", self.host),
            element("CID", self.cluster),
            element("STIME", self.start),
            element("ETIME", self.end),
            cdata("VM_MAD", self.vm_mad),
            cdata("TM_MAD", self.tm_mad),
            element("DS_ID", self.datastore),
            element("PLAN_ID", self.plan),
            element("ACTION_ID", 0 if self.plan == -1 else -1),
            element("PSTIME", self.prolog[0]),
            element("PETIME", self.prolog[1]),
            element("RSTIME", self.running[0]),
            element("RETIME", self.running[1]),
            element("ESTIME", self.epilog[0]),
            element("EETIME", self.epilog[1]),
            element("ACTION", self.reason.value),
            element("UID", self.by),
            element("GID", self.by),
            element("REQUEST_ID", self.by),
        )

    def pool_xml(self, vm: int) -> str:
        """As in a listing."""
        return group(
            "HISTORY",
            element("OID", vm),
            element("SEQ", self.seq),
            cdata("HOSTNAME", self.hostname),
            element("HID", self.host),
            element("CID", self.cluster),
            element("DS_ID", self.datastore),
            cdata("VM_MAD", self.vm_mad),
            cdata("TM_MAD", self.tm_mad),
            cdata("ACTION", self.reason.value),
        )


class Action(BaseModel):
    """An action that was accepted and that the worker has not looked at yet."""

    name: str
    by: int


class Vm(Document):
    """A virtual machine. `template` is what it is made of, `user_template` all that oned does not know."""

    pool: ClassVar[str] = "vm"
    called: ClassVar[str] = "virtual machine"
    kind: ClassVar[str] = "VM"
    root: ClassVar[str] = "VM"

    state: State = State.PENDING
    lcm: Lcm = Lcm.LCM_INIT
    start: int
    end: int = 0
    deploy_id: str = ""
    user_template: Template = Template()
    history: list[Record] = Field(default_factory=list)
    queue: list[Action] = Field(default_factory=list)
    job: Job = ""  # what a hotplug state or a reboot is about
    hard: bool = False  # whether the shutdown that is going on asks the guest

    @property
    def live(self) -> bool:
        """False once DONE."""
        return self.state != State.DONE

    @property
    def cpu(self) -> float:
        """Physical cores that it may use."""
        return float(self.template.text("CPU"))

    @property
    def memory(self) -> int:
        """MiB."""
        return int(self.template.text("MEMORY"))

    @property
    def host_id(self) -> int | None:
        """The host whose capacity it takes; powered off and suspended VMs keep theirs."""
        stays = (State.ACTIVE, State.POWEROFF, State.SUSPENDED)
        return self.history[-1].host if self.state in stays and self.history else None

    @property
    def state_name(self) -> str:
        """The state as messages name it."""
        return self.lcm.name if self.state == State.ACTIVE else self.state.name

    @property
    def failed(self) -> bool:
        """Whether it waits for somebody to recover it."""
        return self.state == State.ACTIVE and self.lcm in FAILURES

    @property
    def record(self) -> Record:
        """The record of the present (or last) stay on a host."""
        return self.history[-1]

    def move(self, state: State, lcm: Lcm = Lcm.LCM_INIT) -> None:
        """Enter the state."""
        self.state, self.lcm = state, lcm

    def give_reason(self, reason: Reason, by: int = -1) -> None:
        """Say in the present record what is going to end it."""
        self.record.reason, self.record.by = reason, by

    def stop_running(self) -> None:
        """The record's running time is over."""
        self.record.running = (self.record.running[0], now())

    def next_record(self, reason: Reason, by: int) -> None:
        """What is done to the VM now closes the present record, for that reason, and opens the next one."""
        if self.record.running[1] == 0:
            self.stop_running()
        self.give_reason(reason, by)
        self.reopen()
        if self.state == State.POWEROFF:
            self.stop_running()
            self.give_reason(Reason.POWEROFF)

    def reopen(self) -> None:
        """Close the present record and open the next on the same host; it runs from now on."""
        moment = now()
        self.record.end = moment
        following = {"seq": self.record.seq + 1, "start": moment, "end": 0, "running": (moment, 0)}
        following |= {"prolog": (0, 0), "epilog": (0, 0), "reason": Reason.NONE, "by": -1}
        self.history.append(self.record.model_copy(update=following))

    def fail(self, message: str) -> None:
        """Tell the user: USER_TEMPLATE/ERROR."""
        self.user_template.set("ERROR", f"{time.ctime()}: {message}")

    def disk(self, disk_id: int) -> Vector | None:
        """The disk of that id (not the context's)."""
        return _by_id(self.template.vectors("DISK"), "DISK_ID", disk_id)

    def nic(self, nic_id: int) -> Vector | None:
        """The NIC of that id."""
        return _by_id(self.template.vectors("NIC"), "NIC_ID", nic_id)

    def attaching(self, name: str) -> Vector | None:
        """The DISK or NIC that is coming or going."""
        return next((vector for vector in self.template.vectors(name) if vector.get("ATTACH") == "YES"), None)

    def drop(self, name: str, vector: Vector) -> None:
        """Remove that DISK or NIC."""
        self.template.set(name, *(other for other in self.template.vectors(name) if other is not vector))

    def open_graphics(self) -> None:
        """The VNC server's port is given at deployment."""
        for graphics in self.template.vectors("GRAPHICS"):
            graphics["PORT"] = str(FIRST_VNC_PORT + self.id)

    def close_graphics(self) -> None:
        """And taken back at the end."""
        for graphics in self.template.vectors("GRAPHICS"):
            graphics.pop("PORT", None)

    def xml(self, *, last_record_only: bool = False) -> str:
        """The whole document (in lists only with the last record of its history)."""
        records = self.history[-1:] if last_record_only else self.history
        return group(
            self.root,
            self.head_xml(),
            element("LAST_POLL", 0),
            element("STATE", self.state.value),
            element("LCM_STATE", self.lcm.value),
            element("PREV_STATE", self.state.value),
            element("PREV_LCM_STATE", self.lcm.value),
            element("RESCHED", 0),
            element("STIME", self.start),
            element("ETIME", self.end),
            element("DEPLOY_ID", self.deploy_id),
            group("MONITORING"),
            group("SCHED_ACTIONS"),
            self.template.xml("TEMPLATE"),
            self.user_template.xml("USER_TEMPLATE"),
            group("HISTORY_RECORDS", *(record.xml(self.id) for record in records)),
            group("BACKUPS", "<BACKUP_CONFIG/>", group("BACKUP_IDS")),
        )

    def pool_xml(self) -> str:
        """Without CONTEXT, rights, most attributes and all but the last record."""
        disks = [_listed("DISK", LISTED_DISK, disk) for disk in self.template.vectors("DISK")]
        nics = [
            _listed("NIC", [*(["IP"] if "IP" in nic else []), *LISTED_NIC], nic) for nic in self.template.vectors("NIC")
        ]
        graphics = [_listed("GRAPHICS", sorted(each), each) for each in self.template.vectors("GRAPHICS")]
        listed = [item for item in self.user_template.items if item[0] in LISTED_USER_ATTRIBUTES]
        sizes = [element(name, self.template.text(name)) for name in ("CPU", "MEMORY", "VCPU")]
        return group(
            self.root,
            self.owner_xml(),
            element("LAST_POLL", 0),
            element("STATE", self.state.value),
            element("LCM_STATE", self.lcm.value),
            element("RESCHED", 0),
            element("STIME", self.start),
            element("ETIME", self.end),
            element("DEPLOY_ID", self.deploy_id),
            group("TEMPLATE", *sizes, *disks, *nics, *graphics),
            "<MONITORING/>",
            Template(items=listed).xml("USER_TEMPLATE"),
            group("HISTORY_RECORDS", *(record.pool_xml(self.id) for record in self.history[-1:])),
        )


def now() -> int:
    """Seconds since the epoch, as all times of documents."""
    return int(time.time())


def _by_id(vectors: list[Vector], key: str, wanted: int) -> Vector | None:
    return next((vector for vector in vectors if vector.get(key) == str(wanted)), None)


def _listed(name: str, keys: list[str], vector: Vector) -> str:
    return group(name, *(cdata(key, vector.get(key, "")) for key in keys))
