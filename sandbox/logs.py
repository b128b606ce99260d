"""`logs VM`: what a VM said on its console."""

from __future__ import annotations

from sandbox import engine
from sandbox.containers import machines
from sandbox.engine import EngineError
from sandbox.place import Place


def show_console(place: Place, vm: str) -> None:
    """Print the console of the VM with this id or name. Raises EngineError when there is none, or more than one."""
    client = engine.connect()
    found = machines.of_sandbox(client, place)
    names = {vm_id: container.labels[machines.VM_NAME_LABEL] for vm_id, container in found.items()}
    ids = [vm_id for vm_id, name in names.items() if name == vm]
    if not ids and vm.isdecimal() and int(vm) in found:
        ids = [int(vm)]
    if len(ids) == 1:
        print(engine.console(found[ids[0]]))
        return
    known = ", ".join(f"{vm_id} {name}" for vm_id, name in sorted(names.items())) or "none"
    problem = f"VMs {', '.join(map(str, ids))} are all named {vm!r}, use the id" if ids else f"there is no VM {vm!r}"
    raise EngineError(f"{problem} (VMs here: {known})")
