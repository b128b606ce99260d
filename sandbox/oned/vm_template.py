"""VM templates: one.template.*."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from sandbox.oned.account import MANAGE
from sandbox.oned.call import Call, methods
from sandbox.oned.document import Document
from sandbox.oned.errors import ApiError, Code
from sandbox.oned.image import Image
from sandbox.oned.network import Network
from sandbox.oned.plugs import image_attributes
from sandbox.oned.pool import (
    add_chmod,
    add_lock,
    add_pool_info,
    add_rename,
    add_update,
    check_new_name,
    owned,
    same_name,
)
from sandbox.oned.template import Template
from sandbox.oned.vm import now
from sandbox.oned.vm_build import build
from sandbox.oned.xml import element, group

D = TypeVar("D", bound=Document)


class VmTemplate(Document):
    """A template that VMs are instantiated from."""

    pool: ClassVar[str] = "template"
    called: ClassVar[str] = "virtual machine template"
    kind: ClassVar[str] = "TEMPLATE"
    root: ClassVar[str] = "VMTEMPLATE"

    registered: int

    def xml(self) -> str:
        """The document."""
        return group(self.root, self.head_xml(), element("REGTIME", self.registered), self.template.xml("TEMPLATE"))


add_pool_info(VmTemplate)
add_rename(VmTemplate)
add_update(VmTemplate)
add_chmod(VmTemplate)
add_lock(VmTemplate)


@methods("one.template.allocate")
def allocate(call: Call, text: str) -> int:
    """-> id. Nothing but the name is checked."""
    template = call.parse(text)
    return _new(call, template.take("NAME"), template)


@methods("one.template.info")
def info(call: Call, object_id: int, extended: bool = False, decrypt: bool = False) -> str:
    """-> the document; extended, with what disks and NICs say of their images and networks."""
    found = call.find(VmTemplate, object_id, despite_lock=True)
    if not extended:
        return found.xml()
    shown = found.model_copy(deep=True)
    for at, disk in enumerate(shown.template.vectors("DISK")):
        image = _named(call, Image, disk.get("IMAGE_ID"), disk.get("IMAGE"))
        if image:
            disk |= {**image_attributes(call.tx, image, disk), "DISK_ID": str(at)}
    for nic in shown.template.vectors("NIC"):
        network = _named(call, Network, nic.get("NETWORK_ID"), nic.get("NETWORK"))
        if network:
            nic |= {"NETWORK": network.name, "NETWORK_ID": str(network.id)}
    return shown.xml()


@methods("one.template.instantiate")
def instantiate(
    call: Call, object_id: int, name: str, hold: bool = False, extra: str = "", persistent: bool = False
) -> int:
    """-> id of the VM. What `extra` names replaces the template's attributes of that name, NICs included."""
    source = call.find(VmTemplate, object_id)
    if persistent:
        raise ApiError(Code.INTERNAL, "Instantiating as persistent is not supported by the sandbox.")
    template = source.template.model_copy(deep=True)
    template.merge(call.parse(extra))
    template.remove("NAME", "TEMPLATE_ID")
    template.set("TEMPLATE_ID", str(object_id))
    if name:
        template.set("NAME", name)
    try:
        vm = build(call, template, hold=hold)
    except ApiError as error:
        if error.code == Code.AUTHORIZATION:
            raise
        message = f"Error allocating a new virtual machine template. {error.message}"
        raise ApiError(Code.ALLOCATE, message, keep=error.keep) from error
    if not name:
        vm.name = f"{source.name}-{vm.id}"
    return vm.id


@methods("one.template.clone")
def clone(call: Call, object_id: int, name: str) -> int:
    """-> id of the copy. Images are not copied."""
    source = call.find(VmTemplate, object_id)
    return _new(call, name, source.template.model_copy(deep=True))


@methods("one.template.delete")
def delete(call: Call, object_id: int, recursive: bool = False) -> int:
    """Only the template: its images stay, `recursive` is refused."""
    found = call.find(VmTemplate, object_id, MANAGE)
    if recursive:
        raise ApiError(Code.ACTION, "Deleting a template with its images is not supported by the sandbox.")
    call.tx.delete(found)
    return object_id


def _new(call: Call, name: str, template: Template) -> int:
    check_new_name(call, VmTemplate, name)
    number = call.tx.new_id(VmTemplate)
    call.tx.put(VmTemplate(id=number, name=name, registered=now(), template=template, **owned(call)))
    return number


def _named(call: Call, kind: type[D], number: str | None, name: str | None) -> D | None:
    if number is not None:
        return call.tx.get(kind, int(number)) if number.isdigit() else None
    return same_name(call, kind, name, call.user.id) if name else None
