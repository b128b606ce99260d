# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""A packet filter for the NICs it is applied to. Changes reach running virtual machines."""

from collections.abc import Mapping, Sequence
from typing import overload

import pulumi

from . import _utilities, outputs
from ._inputs import SecurityGroupRuleArgs, SecurityGroupRuleArgsDict

__all__ = ["SecurityGroup", "SecurityGroupArgs"]


@pulumi.input_type
class SecurityGroupArgs:
    """A packet filter for the NICs it is applied to. Changes reach running virtual machines."""

    def __init__(
        self,
        *,
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        rules: pulumi.Input[Sequence[pulumi.Input["SecurityGroupRuleArgs | SecurityGroupRuleArgsDict"]]] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None:
        """Set the properties.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the group is for.
        :param rules: Traffic let through.
        :param tags: Further attributes of the group's template.
        """
        if name is not None:
            pulumi.set(self, "name", name)
        if description is not None:
            pulumi.set(self, "description", description)
        if rules is not None:
            pulumi.set(self, "rules", rules)
        if tags is not None:
            pulumi.set(self, "tags", tags)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Input[str] | None:
        """Name, unique per owner. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @name.setter
    def name(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "name", value)

    @property
    @pulumi.getter
    def description(self) -> pulumi.Input[str] | None:
        """What the group is for."""
        return pulumi.get(self, "description")

    @description.setter
    def description(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "description", value)

    @property
    @pulumi.getter
    def rules(self) -> pulumi.Input[Sequence[pulumi.Input["SecurityGroupRuleArgs"]]] | None:
        """Traffic let through."""
        return pulumi.get(self, "rules")

    @rules.setter
    def rules(self, value: pulumi.Input[Sequence[pulumi.Input["SecurityGroupRuleArgs"]]] | None) -> None:
        pulumi.set(self, "rules", value)

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        """Further attributes of the group's template."""
        return pulumi.get(self, "tags")

    @tags.setter
    def tags(self, value: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None) -> None:
        pulumi.set(self, "tags", value)


@pulumi.type_token("opennebula:index:SecurityGroup")
class SecurityGroup(pulumi.CustomResource):
    """A packet filter for the NICs it is applied to. Changes reach running virtual machines."""

    @overload
    def __init__(
        self,
        resource_name: str,
        args: SecurityGroupArgs | None = None,
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
        rules: pulumi.Input[Sequence[pulumi.Input["SecurityGroupRuleArgs | SecurityGroupRuleArgsDict"]]] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: object, **kwargs: object) -> None:
        """Declare it; a `SecurityGroupArgs` can be given instead of the separate arguments.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the group is for.
        :param rules: Traffic let through.
        :param tags: Further attributes of the group's template.
        """
        inputs, opts = _utilities.resource_arguments(SecurityGroupArgs, args, kwargs)
        inputs.__dict__.update({})
        super().__init__("opennebula:index:SecurityGroup", resource_name, inputs, _utilities.resource_options(opts))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> "SecurityGroup":
        """The existing object of that id, not managed by the program."""
        return _utilities.existing(SecurityGroup, resource_name, id, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Name, unique per owner. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str | None]:
        """What the group is for."""
        return pulumi.get(self, "description")

    @property
    @pulumi.getter
    def rules(self) -> pulumi.Output[Sequence["outputs.SecurityGroupRule"]]:
        """Traffic let through."""
        return pulumi.get(self, "rules")

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Output[Mapping[str, str]]:
        """Further attributes of the group's template."""
        return pulumi.get(self, "tags")
