# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""A virtual machine, from scratch or from a template of OpenNebula; ready when it is RUNNING."""

from collections.abc import Mapping, Sequence
from typing import overload

import pulumi

from . import _utilities, outputs
from ._inputs import DiskArgs, DiskArgsDict, NicArgs, NicArgsDict, OsArgs, OsArgsDict

__all__ = ["VirtualMachine", "VirtualMachineArgs"]


@pulumi.input_type
class VirtualMachineArgs:
    """A virtual machine, from scratch or from a template of OpenNebula; ready when it is RUNNING."""

    def __init__(
        self,
        *,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        template_id: pulumi.Input[int] | None = None,
        cpu: pulumi.Input[float] | None = None,
        vcpu: pulumi.Input[int] | None = None,
        memory: pulumi.Input[int] | None = None,
        context: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        nics: pulumi.Input[Sequence[pulumi.Input["NicArgs | NicArgsDict"]]] | None = None,
        disks: pulumi.Input[Sequence[pulumi.Input["DiskArgs | DiskArgsDict"]]] | None = None,
        os: pulumi.Input["OsArgs | OsArgsDict"] | None = None,
        sched_requirements: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None:
        """Set the properties.

        :param name: Name. Default: the name of the Pulumi resource.
        :param description: What the machine is for.
        :param template_id: Template it is instantiated from; what is given here overrides it. Default: none.
        :param cpu: Share of physical CPUs; required without a template. A change powers the machine off and on.
        :param vcpu: Virtual CPUs. A change powers the machine off and on.
        :param memory: Memory in MiB; required without a template. A change powers the machine off and on.
        :param context: Variables handed to the guest, such as `SSH_PUBLIC_KEY` or `START_SCRIPT_BASE64`; `NETWORK =
            YES` adds the addresses of the NICs. A change reaches the guest's context disk at once; it is applied by
            the guest.
        :param nics: Network interfaces, in order; attached and detached in place.
        :param disks: Disks, in order; the first is booted from.
        :param os: How it boots.
        :param sched_requirements: Which hosts it may run on, as an expression such as `CLUSTER_ID = 100`.
        :param tags: Further attributes of the machine's user template.
        """
        if name is not None:
            pulumi.set(self, "name", name)
        if description is not None:
            pulumi.set(self, "description", description)
        if template_id is not None:
            pulumi.set(self, "template_id", template_id)
        if cpu is not None:
            pulumi.set(self, "cpu", cpu)
        if vcpu is not None:
            pulumi.set(self, "vcpu", vcpu)
        if memory is not None:
            pulumi.set(self, "memory", memory)
        if context is not None:
            pulumi.set(self, "context", context)
        if nics is not None:
            pulumi.set(self, "nics", nics)
        if disks is not None:
            pulumi.set(self, "disks", disks)
        if os is not None:
            pulumi.set(self, "os", os)
        if sched_requirements is not None:
            pulumi.set(self, "sched_requirements", sched_requirements)
        if tags is not None:
            pulumi.set(self, "tags", tags)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Input[str] | None:
        """Name. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @name.setter
    def name(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "name", value)

    @property
    @pulumi.getter
    def description(self) -> pulumi.Input[str] | None:
        """What the machine is for."""
        return pulumi.get(self, "description")

    @description.setter
    def description(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "description", value)

    @property
    @pulumi.getter(name="templateId")
    def template_id(self) -> pulumi.Input[int] | None:
        """Template it is instantiated from; what is given here overrides it. Default: none."""
        return pulumi.get(self, "template_id")

    @template_id.setter
    def template_id(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "template_id", value)

    @property
    @pulumi.getter
    def cpu(self) -> pulumi.Input[float] | None:
        """Share of physical CPUs; required without a template. A change powers the machine off and on."""
        return pulumi.get(self, "cpu")

    @cpu.setter
    def cpu(self, value: pulumi.Input[float] | None) -> None:
        pulumi.set(self, "cpu", value)

    @property
    @pulumi.getter
    def vcpu(self) -> pulumi.Input[int] | None:
        """Virtual CPUs. A change powers the machine off and on."""
        return pulumi.get(self, "vcpu")

    @vcpu.setter
    def vcpu(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "vcpu", value)

    @property
    @pulumi.getter
    def memory(self) -> pulumi.Input[int] | None:
        """Memory in MiB; required without a template. A change powers the machine off and on."""
        return pulumi.get(self, "memory")

    @memory.setter
    def memory(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "memory", value)

    @property
    @pulumi.getter
    def context(self) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        """Variables handed to the guest, such as `SSH_PUBLIC_KEY` or `START_SCRIPT_BASE64`; `NETWORK = YES` adds the
        addresses of the NICs. A change reaches the guest's context disk at once; it is applied by the guest."""
        return pulumi.get(self, "context")

    @context.setter
    def context(self, value: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None) -> None:
        pulumi.set(self, "context", value)

    @property
    @pulumi.getter
    def nics(self) -> pulumi.Input[Sequence[pulumi.Input["NicArgs"]]] | None:
        """Network interfaces, in order; attached and detached in place."""
        return pulumi.get(self, "nics")

    @nics.setter
    def nics(self, value: pulumi.Input[Sequence[pulumi.Input["NicArgs"]]] | None) -> None:
        pulumi.set(self, "nics", value)

    @property
    @pulumi.getter
    def disks(self) -> pulumi.Input[Sequence[pulumi.Input["DiskArgs"]]] | None:
        """Disks, in order; the first is booted from."""
        return pulumi.get(self, "disks")

    @disks.setter
    def disks(self, value: pulumi.Input[Sequence[pulumi.Input["DiskArgs"]]] | None) -> None:
        pulumi.set(self, "disks", value)

    @property
    @pulumi.getter
    def os(self) -> pulumi.Input["OsArgs"] | None:
        """How it boots."""
        return pulumi.get(self, "os")

    @os.setter
    def os(self, value: pulumi.Input["OsArgs"] | None) -> None:
        pulumi.set(self, "os", value)

    @property
    @pulumi.getter(name="schedRequirements")
    def sched_requirements(self) -> pulumi.Input[str] | None:
        """Which hosts it may run on, as an expression such as `CLUSTER_ID = 100`."""
        return pulumi.get(self, "sched_requirements")

    @sched_requirements.setter
    def sched_requirements(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "sched_requirements", value)

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        """Further attributes of the machine's user template."""
        return pulumi.get(self, "tags")

    @tags.setter
    def tags(self, value: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None) -> None:
        pulumi.set(self, "tags", value)


@pulumi.type_token("opennebula:index:VirtualMachine")
class VirtualMachine(pulumi.CustomResource):
    """A virtual machine, from scratch or from a template of OpenNebula; ready when it is RUNNING."""

    @overload
    def __init__(
        self,
        resource_name: str,
        args: VirtualMachineArgs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        template_id: pulumi.Input[int] | None = None,
        cpu: pulumi.Input[float] | None = None,
        vcpu: pulumi.Input[int] | None = None,
        memory: pulumi.Input[int] | None = None,
        context: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
        nics: pulumi.Input[Sequence[pulumi.Input["NicArgs | NicArgsDict"]]] | None = None,
        disks: pulumi.Input[Sequence[pulumi.Input["DiskArgs | DiskArgsDict"]]] | None = None,
        os: pulumi.Input["OsArgs | OsArgsDict"] | None = None,
        sched_requirements: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: object, **kwargs: object) -> None:
        """Declare it; a `VirtualMachineArgs` can be given instead of the separate arguments.

        :param name: Name. Default: the name of the Pulumi resource.
        :param description: What the machine is for.
        :param template_id: Template it is instantiated from; what is given here overrides it. Default: none.
        :param cpu: Share of physical CPUs; required without a template. A change powers the machine off and on.
        :param vcpu: Virtual CPUs. A change powers the machine off and on.
        :param memory: Memory in MiB; required without a template. A change powers the machine off and on.
        :param context: Variables handed to the guest, such as `SSH_PUBLIC_KEY` or `START_SCRIPT_BASE64`;
            `NETWORK = YES` adds the addresses of the NICs. A change reaches the guest's context disk at once;
            it is applied by the guest.
        :param nics: Network interfaces, in order; attached and detached in place.
        :param disks: Disks, in order; the first is booted from.
        :param os: How it boots.
        :param sched_requirements: Which hosts it may run on, as an expression such as `CLUSTER_ID = 100`.
        :param tags: Further attributes of the machine's user template.
        """
        inputs, opts = _utilities.resource_arguments(VirtualMachineArgs, args, kwargs)
        inputs.__dict__.update(
            {
                "state": None,
                "lcm_state": None,
                "ip": None,
                "ips": None,
                "attached_nics": None,
                "attached_disks": None,
                "host": None,
                "start_time": None,
            }
        )
        super().__init__("opennebula:index:VirtualMachine", resource_name, inputs, _utilities.resource_options(opts))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> "VirtualMachine":
        """The existing object of that id, not managed by the program."""
        return _utilities.existing(VirtualMachine, resource_name, id, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Name. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str | None]:
        """What the machine is for."""
        return pulumi.get(self, "description")

    @property
    @pulumi.getter(name="templateId")
    def template_id(self) -> pulumi.Output[int | None]:
        """Template it is instantiated from; what is given here overrides it. Default: none."""
        return pulumi.get(self, "template_id")

    @property
    @pulumi.getter
    def cpu(self) -> pulumi.Output[float | None]:
        """Share of physical CPUs; required without a template. A change powers the machine off and on."""
        return pulumi.get(self, "cpu")

    @property
    @pulumi.getter
    def vcpu(self) -> pulumi.Output[int | None]:
        """Virtual CPUs. A change powers the machine off and on."""
        return pulumi.get(self, "vcpu")

    @property
    @pulumi.getter
    def memory(self) -> pulumi.Output[int | None]:
        """Memory in MiB; required without a template. A change powers the machine off and on."""
        return pulumi.get(self, "memory")

    @property
    @pulumi.getter
    def context(self) -> pulumi.Output[Mapping[str, str]]:
        """Variables handed to the guest, such as `SSH_PUBLIC_KEY` or `START_SCRIPT_BASE64`; `NETWORK = YES` adds the
        addresses of the NICs. A change reaches the guest's context disk at once; it is applied by the guest."""
        return pulumi.get(self, "context")

    @property
    @pulumi.getter
    def nics(self) -> pulumi.Output[Sequence["outputs.Nic"]]:
        """Network interfaces, in order; attached and detached in place."""
        return pulumi.get(self, "nics")

    @property
    @pulumi.getter
    def disks(self) -> pulumi.Output[Sequence["outputs.Disk"]]:
        """Disks, in order; the first is booted from."""
        return pulumi.get(self, "disks")

    @property
    @pulumi.getter
    def os(self) -> pulumi.Output["outputs.Os | None"]:
        """How it boots."""
        return pulumi.get(self, "os")

    @property
    @pulumi.getter(name="schedRequirements")
    def sched_requirements(self) -> pulumi.Output[str | None]:
        """Which hosts it may run on, as an expression such as `CLUSTER_ID = 100`."""
        return pulumi.get(self, "sched_requirements")

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Output[Mapping[str, str]]:
        """Further attributes of the machine's user template."""
        return pulumi.get(self, "tags")

    @property
    @pulumi.getter
    def state(self) -> pulumi.Output[str]:
        """State, such as `ACTIVE`."""
        return pulumi.get(self, "state")

    @property
    @pulumi.getter(name="lcmState")
    def lcm_state(self) -> pulumi.Output[str]:
        """State of its life cycle while it is ACTIVE, such as `RUNNING`."""
        return pulumi.get(self, "lcm_state")

    @property
    @pulumi.getter
    def ip(self) -> pulumi.Output[str | None]:
        """IPv4 address of the first NIC."""
        return pulumi.get(self, "ip")

    @property
    @pulumi.getter
    def ips(self) -> pulumi.Output[Sequence[str]]:
        """IPv4 addresses of the NICs, in order."""
        return pulumi.get(self, "ips")

    @property
    @pulumi.getter(name="attachedNics")
    def attached_nics(self) -> pulumi.Output[Sequence["outputs.AttachedNic"]]:
        """NICs as attached."""
        return pulumi.get(self, "attached_nics")

    @property
    @pulumi.getter(name="attachedDisks")
    def attached_disks(self) -> pulumi.Output[Sequence["outputs.AttachedDisk"]]:
        """Disks as attached."""
        return pulumi.get(self, "attached_disks")

    @property
    @pulumi.getter
    def host(self) -> pulumi.Output[str]:
        """Host it runs on."""
        return pulumi.get(self, "host")

    @property
    @pulumi.getter(name="startTime")
    def start_time(self) -> pulumi.Output[int]:
        """When it was created, in seconds since 1970; a reboot does not change it."""
        return pulumi.get(self, "start_time")
