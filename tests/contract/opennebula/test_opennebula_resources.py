"""The resources against the sandbox's API with drivers that make nothing: create, read, change, delete, and go on."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from opennebula_provider.client import Client, ConnectionFailed
from opennebula_provider.document import Document
from opennebula_provider.marks import ATTRIBUTE
from opennebula_provider.provider import OpenNebula
from pulumi_provider_kit import UNKNOWN, Cancelled, InitFailed, Properties, UserError
from pulumi_provider_kit.diff import Change, diff
from pulumi_provider_kit.operation import Cancellation, Operation

from sandbox.oned.cloud import Settings
from sandbox.oned.dummy import Dummy
from sandbox.oned.server import Oned

NETWORK: Properties = {
    "networkAddress": "10.9.0.0",
    "networkMask": "255.255.255.0",
    "gateway": "10.9.0.1",
    "addressRanges": [{"ip4": "10.9.0.3", "size": 20}],
}
MACHINE: Properties = {"cpu": 0.1, "memory": 64, "context": {"NETWORK": "YES", "SSH_PUBLIC_KEY": "key"}}
DISK: Properties = {"datastoreId": 1, "size": 64}


class Run:
    """One run of the provider's process, without the engine: checks, then calls, as the engine would."""

    def __init__(self, endpoint: str, stack: str = "stack-1") -> None:
        self.endpoint = endpoint
        self.provider = OpenNebula()
        self.provider._cloud.connect(
            Client(endpoint, "oneadmin", "pw"), stack, "urn:pulumi:dev::test::pulumi:providers:opennebula::default"
        )
        self.cancellation = Cancellation()
        self.lines: list[str] = []
        self.cancel_on = ""

    @property
    def client(self) -> Client:
        return self.provider._cloud.client

    def operation(self, kind: str, name: str) -> Operation:
        urn = f"urn:pulumi:dev::test::opennebula:index:{kind}::{name}"
        return Operation(urn, self._note, self.cancellation, timeout=60.0)

    def _note(self, urn: str, message: str, severity: str, ephemeral: bool) -> None:
        self.lines.append(message)
        if self.cancel_on and self.cancel_on in message:
            self.cancellation.set()

    def checked(self, kind: str, name: str, inputs: Properties, old: Properties | None = None) -> Properties:
        token = f"opennebula:index:{kind}"
        complete, failures = self.provider.schema.check(inputs, self.provider.schema.resource_inputs(token))
        checked, more = self.provider.resources[token].check(self.operation(kind, name), old or {}, complete)
        assert [*failures, *more] == []
        return checked

    def create(self, kind: str, name: str, inputs: Properties) -> "Made":
        checked = self.checked(kind, name, inputs)
        id, outputs = self.resource(kind).create(self.operation(kind, name), checked)
        return Made(kind, name, id, checked, outputs)

    def diff(self, made: "Made", inputs: Properties) -> dict[str, Change]:
        token = f"opennebula:index:{made.kind}"
        new = self.checked(made.kind, made.name, inputs, made.inputs)
        schema = self.provider.schema
        changes = diff(made.inputs, new, schema.resource_inputs(token), schema, ())
        operation = self.operation(made.kind, made.name)
        result: dict[str, Change]
        result = self.resource(made.kind).diff(operation, made.id, made.inputs, made.outputs, new, changes)
        return result

    def update(self, made: "Made", inputs: Properties) -> "Made":
        assert not any(change.replace for change in self.diff(made, inputs).values())
        new = self.checked(made.kind, made.name, inputs, made.inputs)
        operation = self.operation(made.kind, made.name)
        outputs = self.resource(made.kind).update(operation, made.id, made.inputs, made.outputs, new)
        return Made(made.kind, made.name, made.id, new, outputs)

    def refresh(self, made: "Made") -> "Made | None":
        operation = self.operation(made.kind, made.name)
        found = self.resource(made.kind).read(operation, made.id, made.inputs, made.outputs)
        return None if found is None else Made(made.kind, made.name, found.id, found.inputs, found.outputs)

    def delete(self, made: "Made") -> None:
        operation = self.operation(made.kind, made.name)
        self.resource(made.kind).delete(operation, made.id, made.inputs, made.outputs)

    def resource(self, kind: str) -> Any:
        return self.provider.resources[f"opennebula:index:{kind}"]

    def pool(self, kind: str) -> list[Document]:
        state = (-1,) if kind == "vm" else ()
        return list(self.client.document(f"{kind}pool.info", -2, -1, -1, *state).each("*"))


@dataclass
class Made:
    """A resource as the engine's state holds it."""

    kind: str
    name: str
    id: str
    inputs: Properties
    outputs: Properties


@pytest.fixture
def driver() -> Dummy:
    return Dummy()


@pytest.fixture
def endpoint(tmp_path: Path, driver: Dummy) -> Iterator[str]:
    (tmp_path / "one_auth").write_text("oneadmin:pw")
    oned = Oned(tmp_path, driver, settings=Settings(window=0.1, latency=0.05, poll=0.2))
    oned.start()
    yield oned.endpoint
    oned.stop()


@pytest.fixture
def run(endpoint: str) -> Run:
    return Run(endpoint)


def machine(run: Run, name: str = "vm", **more: Any) -> Made:
    return run.create("VirtualMachine", name, {**MACHINE, **more})


def network(run: Run, name: str = "net", **more: Any) -> Made:
    return run.create("VirtualNetwork", name, {**NETWORK, **more})


def live(run: Run, made: Made) -> Document:
    kinds = {"VirtualNetwork": "vn", "SecurityGroup": "secgroup", "Image": "image", "VirtualMachine": "vm"}
    return run.client.info(kinds[made.kind], int(made.id))


# --- every resource ---------------------------------------------------------------------------------------------------

EVERY: list[tuple[str, Properties, Properties]] = [
    ("VirtualNetwork", NETWORK, {**NETWORK, "gateway": "10.9.0.2", "description": 'say "hi"', "tags": {"A": "b\nc"}}),
    ("SecurityGroup", {}, {"rules": [{"protocol": "TCP", "ruleType": "INBOUND", "range": "22"}], "tags": {"A": "$b"}}),
    ("Image", DISK, {**DISK, "persistent": True, "description": "é中", "tags": {"A": "\\b"}}),
    ("VirtualMachine", MACHINE, {**MACHINE, "description": "two\nlines", "tags": {"A": "<b>&"}}),
]


@pytest.mark.parametrize(("kind", "inputs", "changed"), EVERY)
def test_a_resource_is_made_changed_in_place_read_back_unchanged_and_removed(
    run: Run, kind: str, inputs: Properties, changed: Properties
) -> None:
    made = run.create(kind, "thing", inputs)
    assert run.refresh(made) == made
    updated = run.update(made, {**changed, "name": "renamed"})
    assert live(run, updated).name == "renamed"
    assert run.refresh(updated) == updated
    back = run.update(updated, {**inputs, "name": "renamed"})
    assert run.refresh(back) == back
    run.delete(back)
    assert run.refresh(back) is None
    run.delete(back)


@pytest.mark.parametrize(("kind", "inputs", "changed"), EVERY)
def test_what_others_put_into_a_template_is_kept_and_is_no_drift(
    run: Run, kind: str, inputs: Properties, changed: Properties
) -> None:
    made = run.create(kind, "thing", inputs)
    method = {"VirtualNetwork": "vn", "SecurityGroup": "secgroup", "Image": "image", "VirtualMachine": "vm"}[kind]
    run.client.call(f"{method}.update", int(made.id), 'THEIRS="x"', 1)
    assert run.refresh(made) == made
    updated = run.update(made, changed)
    template = "USER_TEMPLATE" if kind == "VirtualMachine" else "TEMPLATE"
    assert live(run, updated).text(f"{template}/THEIRS") == "x"


def test_an_attribute_of_others_that_could_not_be_kept_is_told_instead_of_changed(run: Run) -> None:
    vm = machine(run)
    theirs = '<TEMPLATE><THEIRS><![CDATA[a \\" b]]></THEIRS></TEMPLATE>'
    run.client.call("vm.update", int(vm.id), theirs, 1)
    with pytest.raises(UserError, match="cannot update virtual machine 'vm': THEIRS has a backslash"):
        run.update(vm, {**MACHINE, "tags": {"A": "b"}})


@pytest.mark.parametrize(("kind", "inputs", "changed"), EVERY)
def test_an_import_needs_only_the_id_and_then_shows_no_change(
    run: Run, kind: str, inputs: Properties, changed: Properties
) -> None:
    made = run.create(kind, "thing", changed)
    imported = run.refresh(Made(kind, "other-name", made.id, {}, {}))
    assert imported is not None
    assert run.diff(imported, imported.inputs) == {}
    assert imported.inputs["name"] == "thing"


@pytest.mark.parametrize(("kind", "inputs", "changed"), EVERY)
def test_a_create_whose_answer_was_lost_is_adopted_by_the_next_run(
    run: Run, kind: str, inputs: Properties, changed: Properties, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = Client.call

    def lose_the_answer(self: Client, method: str, *arguments: Any, again: bool = False) -> Any:
        answer = call(self, method, *arguments, again=again)
        if method.endswith(".allocate"):
            raise ConnectionFailed("the connection broke off", sent=True)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Client, "call", lose_the_answer)
        with pytest.raises(UserError, match="broke off"):
            run.create(kind, "thing", inputs)
    method = {"VirtualNetwork": "vn", "SecurityGroup": "secgroup", "Image": "image", "VirtualMachine": "vm"}[kind]
    left = [entry.id for entry in run.pool(method) if entry.name == "thing"]
    assert len(left) == 1
    made = Run(run.endpoint).create(kind, "thing", inputs)
    assert made.id == str(left[0])
    assert [entry.id for entry in run.pool(method) if entry.name == "thing"] == left


# --- adoption ---------------------------------------------------------------------------------------------------------


def test_a_machine_of_another_stack_resource_or_of_other_inputs_is_never_adopted(run: Run, endpoint: str) -> None:
    first = machine(run)
    assert run.create("VirtualMachine", "vm2", {**MACHINE, "name": "vm"}).id != first.id
    assert Run(endpoint, stack="stack-2").create("VirtualMachine", "vm", MACHINE).id != first.id
    later = Run(endpoint)
    assert later.create("VirtualMachine", "vm", {**MACHINE, "memory": 128}).id != first.id
    assert any("had other inputs" in line for line in later.lines)


def test_a_machine_in_the_state_is_not_adopted_by_its_own_replacement(run: Run, endpoint: str) -> None:
    made = machine(run)
    diffed = Run(endpoint)
    diffed.diff(made, MACHINE)
    assert diffed.create("VirtualMachine", "vm", MACHINE).id != made.id
    forced = Run(endpoint)  # the engine checks against the old inputs, but asks for no difference
    forced.checked("VirtualMachine", "vm", MACHINE, made.inputs)
    assert forced.create("VirtualMachine", "vm", MACHINE).id != made.id


def test_a_terminated_machine_is_not_adopted(run: Run, endpoint: str) -> None:
    made = machine(run)
    run.delete(made)
    assert Run(endpoint).create("VirtualMachine", "vm", MACHINE).id != made.id


def test_the_marks_name_stack_and_resource(run: Run) -> None:
    marks = dict(live(run, machine(run)).attributes("USER_TEMPLATE"))[ATTRIBUTE]
    assert isinstance(marks, dict)
    assert marks["STACK"] == "stack-1"
    assert marks["URN"] == "urn:pulumi:dev::test::opennebula:index:VirtualMachine::vm"


# --- interruptions ----------------------------------------------------------------------------------------------------


def test_a_create_interrupted_while_it_waits_is_gone_on_with_by_its_id(run: Run, driver: Dummy, endpoint: str) -> None:
    driver.delay = 1.0
    run.cancel_on = "ACTIVE/BOOT"
    with pytest.raises(InitFailed) as partial:
        machine(run)
    assert "interrupted" in str(partial.value)
    later = Run(endpoint)
    checked = later.checked("VirtualMachine", "vm", MACHINE)
    made = later.update(Made("VirtualMachine", "vm", partial.value.id, checked, partial.value.properties), MACHINE)
    assert made.outputs["lcmState"] == "RUNNING"
    assert len(later.pool("vm")) == 1


def test_a_delete_interrupted_while_it_waits_is_finished_by_the_next(run: Run, driver: Dummy, endpoint: str) -> None:
    made = machine(run)
    driver.delay = 1.0
    run.cancel_on = "SHUTDOWN"
    with pytest.raises(Cancelled):
        run.delete(made)
    Run(endpoint).delete(made)
    assert run.pool("vm") == []


# --- networks ---------------------------------------------------------------------------------------------------------


def test_address_ranges_are_changed_one_by_one(run: Run) -> None:
    made = network(run)
    ranges = [{"ip4": "10.9.0.100", "size": 5}, {"ip4": "10.9.0.3", "size": 30}]
    grown = run.update(made, {**NETWORK, "addressRanges": ranges})
    assert grown.outputs["addressRangeIds"] == [1, 0]
    assert run.refresh(grown) == grown
    fewer = run.update(grown, {**NETWORK, "addressRanges": ranges[:1]})
    assert fewer.outputs["addressRangeIds"] == [1]


def test_a_range_that_machines_use_is_not_taken_away_and_says_so(run: Run) -> None:
    made = network(run)
    machine(run, nics=[{"networkId": int(made.id)}])
    with pytest.raises(UserError, match=r"cannot update virtual network 'net': .*leases in use"):
        run.update(made, {**NETWORK, "addressRanges": [{"ip4": "10.9.0.200", "size": 5}]})


def test_a_network_that_oned_cannot_make_is_told_with_its_reason_and_removed(run: Run, endpoint: str) -> None:
    checked = run.checked("VirtualNetwork", "bad", NETWORK)
    checked["addressRanges"][0]["ip4"] = "10.9.0"  # what the check would have refused
    with pytest.raises(UserError, match=r"ERROR: .*IP"):
        run.resource("VirtualNetwork").create(run.operation("VirtualNetwork", "bad"), checked)
    assert run.pool("vn") == []


def test_a_name_that_is_taken_is_told(run: Run) -> None:
    network(run)
    with pytest.raises(UserError, match=r"cannot create virtual network 'net': NAME is already taken by NET 0"):
        run.create("VirtualNetwork", "again", {**NETWORK, "name": "net"})


# --- security groups --------------------------------------------------------------------------------------------------


def test_changed_rules_reach_the_machines_before_the_update_ends(run: Run, driver: Dummy) -> None:
    rule = {"protocol": "TCP", "ruleType": "INBOUND", "range": "22"}
    group = run.create("SecurityGroup", "sg", {"rules": [rule]})
    net = network(run)
    vm = machine(run, nics=[{"networkId": int(net.id), "securityGroups": [int(group.id)]}])
    driver.calls.clear()
    run.update(group, {"rules": [{**rule, "range": "443"}]})
    assert ("apply_rules", int(vm.id)) in driver.calls
    assert "443" in [rule.text("RANGE") for rule in live(run, vm).each("TEMPLATE/SECURITY_GROUP_RULE")]


def test_rules_that_a_machine_did_not_take_are_told_and_sent_again_by_the_next_update(run: Run, driver: Dummy) -> None:
    rule = {"protocol": "TCP", "ruleType": "INBOUND", "range": "22"}
    group = run.create("SecurityGroup", "sg", {"rules": [rule]})
    net = network(run)
    vm = machine(run, nics=[{"networkId": int(net.id), "securityGroups": [int(group.id)]}])
    driver.failures["vm"] = {"apply_rules"}
    wanted = {"rules": [{**rule, "range": "443"}]}
    with pytest.raises(UserError, match=f"its rules do not reach VM {vm.id}; see the logs"):
        run.update(group, wanted)
    driver.failures.clear()
    driver.calls.clear()
    run.update(group, wanted)
    assert ("apply_rules", int(vm.id)) in driver.calls


def test_group_and_network_are_removed_right_after_their_machine(run: Run, driver: Dummy) -> None:
    group = run.create("SecurityGroup", "sg", {})
    net = network(run)
    vm = machine(run, nics=[{"networkId": int(net.id), "securityGroups": [int(group.id)]}])
    driver.delay = 0.5
    deletes = [threading.Thread(target=run.delete, args=(made,)) for made in (vm, group, net)]
    for delete in deletes:
        delete.start()
    for delete in deletes:
        delete.join()
    assert (run.pool("vm"), run.pool("vn"), [entry.id for entry in run.pool("secgroup")]) == ([], [], [0])


# --- images -----------------------------------------------------------------------------------------------------------


def test_an_image_that_the_datastore_refuses_is_told_with_its_reason_and_removed(run: Run, driver: Dummy) -> None:
    driver.sizes["/etc/image"] = 10
    driver.refused_images["/etc/image"] = "Not allowed to copy image from /etc/image"
    with pytest.raises(UserError, match="Not allowed to copy image from /etc/image"):
        run.create("Image", "img", {"datastoreId": 1, "path": "/etc/image"})
    assert run.pool("image") == []


def test_an_image_that_is_refused_and_cannot_be_removed_stays_in_the_state(
    run: Run, driver: Dummy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(operation: Operation, id: int, name: str) -> None:
        raise UserError("image is locked")

    driver.sizes["/etc/image"] = 10
    driver.refused_images["/etc/image"] = "Not allowed to copy"
    monkeypatch.setattr(run.resource("Image"), "remove", locked)
    with pytest.raises(InitFailed, match=r"Not allowed to copy.*it could not be removed: image is locked") as partial:
        run.create("Image", "img", {"datastoreId": 1, "path": "/etc/image"})
    assert partial.value.id == str(run.pool("image")[0].id)
    assert partial.value.properties["state"] == "ERROR"


def test_an_image_that_is_still_being_made_is_removed_when_it_is(run: Run, driver: Dummy, endpoint: str) -> None:
    driver.delay = 1.5
    run.cancel_on = "LOCKED"
    with pytest.raises(InitFailed) as partial:
        run.create("Image", "img", DISK)
    Run(endpoint).delete(Made("Image", "img", partial.value.id, {**DISK, "name": "img"}, partial.value.properties))
    assert run.pool("image") == []


def test_a_machine_keeps_its_data_on_a_persistent_image(run: Run) -> None:
    image = run.create("Image", "data", {**DISK, "persistent": True})
    vm = machine(run, disks=[{"imageId": int(image.id), "target": "vdb"}])
    assert vm.outputs["attachedDisks"] == [{"diskId": 0, "imageId": int(image.id), "size": 64, "target": "vdb"}]
    with pytest.raises(UserError, match=r"cannot update image .data.: .*it is used"):
        run.update(image, DISK)


# --- machines ---------------------------------------------------------------------------------------------------------


def test_a_machine_has_the_addresses_it_was_given(run: Run) -> None:
    net = network(run)
    vm = machine(run, nics=[{"networkId": int(net.id), "ip": "10.9.0.7"}, {"networkId": int(net.id)}])
    assert (vm.outputs["ip"], vm.outputs["ips"]) == ("10.9.0.7", ["10.9.0.7", "10.9.0.3"])
    assert [nic["nicId"] for nic in vm.outputs["attachedNics"]] == [0, 1]
    with pytest.raises(UserError, match=r"cannot create virtual machine 'other': Cannot get IP/MAC lease"):
        machine(run, "other", nics=[{"networkId": int(net.id), "ip": "10.9.0.7"}])


def test_nics_are_attached_and_detached_and_drift_in_them_is_repaired(run: Run) -> None:
    net = network(run)
    one, two = ({"networkId": int(net.id), "ip": f"10.9.0.{last}"} for last in (7, 8))
    vm = run.update(machine(run, nics=[one]), {**MACHINE, "nics": [one, two]})
    assert vm.outputs["ips"] == ["10.9.0.7", "10.9.0.8"]
    run.client.call("vm.detachnic", int(vm.id), 0)
    assert until(lambda: len(list(live(run, vm).each("TEMPLATE/NIC"))) == 1 and live(run, vm).text("LCM_STATE") == "3")
    drifted = run.refresh(vm)
    assert drifted is not None
    assert set(run.diff(drifted, vm.inputs)) == {"nics[0].ip", "nics[1]"}
    repaired = run.update(drifted, vm.inputs)
    assert repaired.outputs["ips"] == ["10.9.0.7", "10.9.0.8"]
    assert run.update(repaired, MACHINE).outputs["ips"] == []


def test_a_fixed_address_is_given_to_the_nic_that_wants_it(run: Run, driver: Dummy) -> None:
    nic = {"networkId": int(network(run).id)}
    vm = machine(run, nics=[{**nic, "ip": "10.9.0.7"}])
    vm = run.update(vm, {**MACHINE, "nics": [nic, {**nic, "ip": "10.9.0.7"}]})
    assert vm.outputs["ips"] == ["10.9.0.3", "10.9.0.7"]
    assert [call for call, _ in driver.calls].count("attach_nic") == 1
    assert [call for call, _ in driver.calls].count("detach_nic") == 0
    assert run.refresh(vm) == vm


def test_a_security_group_taken_from_a_nic_is_no_longer_in_force(run: Run, driver: Dummy) -> None:
    one, two = (int(run.create("SecurityGroup", name, {}).id) for name in ("one", "two"))
    nic = {"networkId": int(network(run, securityGroups=[two]).id), "ip": "10.9.0.7"}
    vm = machine(run, nics=[{**nic, "securityGroups": [one, two]}])
    assert set(vm.outputs["attachedNics"][0]["securityGroups"]) == {one, two}
    without = run.update(vm, {**MACHINE, "nics": [{**nic, "securityGroups": [two]}]})
    assert without.outputs["attachedNics"][0]["securityGroups"] == [two]
    driver.calls.clear()
    run.update(without, {**MACHINE, "nics": [nic]})  # `two` is the network's own: nothing to do
    assert driver.calls == []


def test_machines_leave_a_network_before_it_is_replaced(run: Run) -> None:
    vm = machine(run, nics=[{"networkId": int(network(run).id)}])
    assert run.diff(vm, {**MACHINE, "nics": [{"networkId": UNKNOWN}]})["nics[0].networkId"].replace
    assert run.diff(vm, {**MACHINE, "nics": UNKNOWN})["nics"].replace
    assert not run.diff(vm, {**MACHINE, "nics": [{"networkId": 9}]})["nics[0].networkId"].replace


def test_context_is_merged_and_what_is_dropped_goes(run: Run) -> None:
    vm = machine(run, context={"NETWORK": "YES", "A": "1", "HOST": "$NAME"})
    vm = run.update(vm, {**MACHINE, "context": {"NETWORK": "YES", "A": "2", "HOST": "$NAME", "B": "3"}})
    assert context(run, vm) == {"NETWORK": "YES", "A": "2", "HOST": "vm", "B": "3"}
    vm = run.update(vm, {**MACHINE, "context": {"NETWORK": "YES", "B": "3"}})
    assert context(run, vm) == {"NETWORK": "YES", "B": "3"}
    assert run.refresh(vm) == vm


def test_a_machine_without_context_is_replaced_to_be_given_one(run: Run) -> None:
    vm = run.create("VirtualMachine", "vm", {"cpu": 0.1, "memory": 64})
    assert run.diff(vm, MACHINE)["context"].replace


def test_cpu_and_memory_are_changed_by_switching_it_off_and_on(run: Run, driver: Dummy) -> None:
    vm = machine(run)
    bigger = run.update(vm, {**MACHINE, "cpu": 0.25, "memory": 128})
    assert (live(run, bigger).text("TEMPLATE/CPU"), live(run, bigger).text("TEMPLATE/MEMORY")) == ("0.25", "128")
    assert bigger.outputs["lcmState"] == "RUNNING"
    assert bigger.outputs["startTime"] == vm.outputs["startTime"]
    assert run.refresh(bigger) == bigger


def test_a_machine_that_no_host_fits_starts_once_its_requirements_do(endpoint: str) -> None:
    stuck = Run(endpoint)
    stuck.cancel_on = "PENDING (1 s)"
    bad = {**MACHINE, "schedRequirements": 'NAME="nohost"'}
    with pytest.raises(InitFailed) as partial:
        stuck.create("VirtualMachine", "vm", bad)
    later = Run(endpoint)
    left = Made(
        "VirtualMachine", "vm", partial.value.id, later.checked("VirtualMachine", "vm", bad), partial.value.properties
    )
    assert later.diff(left, {**bad, "cpu": 0.2})["cpu"].replace  # OpenNebula resizes no machine that waits for a host
    assert later.update(left, MACHINE).outputs["lcmState"] == "RUNNING"


def test_a_machine_that_fails_to_boot_is_kept_with_oneds_reason_and_retried(run: Run, driver: Dummy) -> None:
    driver.failures["vm"] = {"deploy"}
    with pytest.raises(InitFailed, match=r"BOOT_FAILURE: .*dummyhost1:vm:dummy"):
        machine(run)
    driver.failures.clear()
    (failed,) = run.pool("vm")
    made = run.update(
        Made("VirtualMachine", "vm", str(failed.id), run.checked("VirtualMachine", "vm", MACHINE), {}), MACHINE
    )
    assert made.outputs["lcmState"] == "RUNNING"


def test_a_machine_powered_off_by_hand_runs_again_after_an_update(run: Run) -> None:
    vm = machine(run)
    run.client.call("vm.action", "poweroff", int(vm.id))
    assert until(lambda: live(run, vm).text("STATE") == "8")
    assert run.update(vm, {**MACHINE, "tags": {"A": "b"}}).outputs["lcmState"] == "RUNNING"


def test_a_machine_is_made_from_a_template_and_what_is_given_overrides_it(run: Run) -> None:
    template = 'NAME="base"\nCPU="0.5"\nMEMORY="128"\nCONTEXT=[NETWORK="YES",BASE="kept"]'
    id = run.client.call("template.allocate", template)
    vm = run.create(
        "VirtualMachine", "vm", {"templateId": id, "memory": 96, "context": {"MORE": "x"}, "tags": {"T": "1"}}
    )
    assert (live(run, vm).text("TEMPLATE/CPU"), live(run, vm).text("TEMPLATE/MEMORY")) == ("0.5", "96")
    assert {"NETWORK": "YES", "BASE": "kept", "MORE": "x"}.items() <= context(run, vm).items()
    assert run.refresh(vm) == vm


def test_a_machine_terminated_by_hand_is_gone_at_the_next_refresh(run: Run) -> None:
    vm = machine(run)
    run.client.call("vm.action", "terminate-hard", int(vm.id))
    assert until(lambda: live(run, vm).text("STATE") == "6")
    assert run.refresh(vm) is None
    with pytest.raises(UserError, match="pulumi refresh"):
        run.update(vm, {**MACHINE, "tags": {"A": "b"}})


# --- look-ups ---------------------------------------------------------------------------------------------------------


def look_up(run: Run, function: str, **arguments: Any) -> Properties:
    return dict(run.provider.functions[f"opennebula:index:{function}"](run.operation("x", "x"), arguments))


def test_objects_are_found_by_name_or_id(run: Run) -> None:
    net = network(run, dns="8.8.8.8")
    found = look_up(run, "getVirtualNetwork", name="net")
    assert found == look_up(run, "getVirtualNetwork", id=int(net.id))
    assert found["addressRanges"] == [{"type": "IP4", "ip4": "10.9.0.3", "size": 20}]
    assert look_up(run, "getDatastore", name="default")["type"] == "IMAGE"
    image = run.create("Image", "data", DISK)
    assert look_up(run, "getImage", name="data") == {
        "id": int(image.id), "name": "data", "type": "DATABLOCK", "state": "READY", "size": 64, "persistent": False,
        "datastoreId": 1,
    }  # fmt: skip
    run.client.call("template.allocate", 'NAME="base"\nCPU="1"\nMEMORY="64"')
    assert look_up(run, "getTemplate", name="base") == {"id": 0, "name": "base"}


def test_a_networks_leases_tell_the_stacks_own_machines_from_others(run: Run) -> None:
    net = int(network(run).id)
    ours = machine(run, nics=[{"networkId": net, "ip": "10.9.0.7"}])
    theirs = 'NAME="theirs"\nCPU="0.1"\nMEMORY="64"\nNIC=[NETWORK_ID="{}",IP="10.9.0.8"]'
    other = run.client.call("vm.allocate", theirs.format(net), False)
    run.client.call("vn.hold", net, 'LEASES=[IP="10.9.0.9"]')

    def leases(run: Run) -> list[Properties]:
        found: list[Properties] = look_up(run, "getVirtualNetwork", id=net)["leases"]
        return found

    assert leases(run) == [
        {"ip": "10.9.0.7", "vmId": int(ours.id), "vmName": "vm", "own": True},
        {"ip": "10.9.0.8", "vmId": other, "vmName": "theirs", "own": False},
        {"ip": "10.9.0.9", "own": False},
    ]
    renamed, updated, stranger = Run(run.endpoint), Run(run.endpoint, "stack-2"), Run(run.endpoint, "stack-2")
    renamed.provider._cloud.marks.urns = stranger.provider._cloud.marks.urns = "urn:pulumi:new-name::test::"
    assert [leases(each)[0]["own"] for each in (renamed, updated, stranger)] == [True, True, False]


def test_what_is_not_there_is_told_with_what_is(run: Run) -> None:
    network(run)
    with pytest.raises(UserError, match=r"no virtual network named 'nett'; user oneadmin sees net$"):
        look_up(run, "getVirtualNetwork", name="nett")
    with pytest.raises(UserError, match="no image with id 77"):
        look_up(run, "getImage", id=77)
    with pytest.raises(UserError, match="either by id or by name"):
        look_up(run, "getImage")


def test_an_ambiguous_name_lists_the_candidates(run: Run) -> None:
    template = 'NAME="base"\nCPU="1"\nMEMORY="64"'
    run.client.call("template.allocate", template)
    alice = run.client.call("user.allocate", "alice", "pw", "", [])
    run.client.call("user.info", alice)
    Client(run.endpoint, "alice", "pw").call("template.allocate", template)
    with pytest.raises(UserError, match=r"2 .* named 'base': 1 \(of alice\), 0 \(of oneadmin\); choose one by its id"):
        look_up(run, "getTemplate", name="base")


def context(run: Run, made: Made) -> dict[str, str]:
    found = dict(live(run, made).attributes("TEMPLATE"))["CONTEXT"]
    assert isinstance(found, dict)
    return {key: value for key, value in found.items() if key not in ("DISK_ID", "TARGET") and key[:3] != "ETH"}


def until(probe: Any) -> bool:
    """Whether it becomes true within some seconds."""
    over = threading.Event()
    for _ in range(200):
        if probe():
            return True
        over.wait(0.05)
    return False
