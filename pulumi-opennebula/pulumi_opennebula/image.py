# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""A disk image in a datastore: registered from a path or URL, or made empty by its size."""

from collections.abc import Mapping
from typing import overload

import pulumi

from . import _utilities

__all__ = ["Image", "ImageArgs"]


@pulumi.input_type
class ImageArgs:
    """A disk image in a datastore: registered from a path or URL, or made empty by its size."""

    def __init__(
        self,
        *,
        datastore_id: pulumi.Input[int],
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        path: pulumi.Input[str] | None = None,
        size: pulumi.Input[int] | None = None,
        type: pulumi.Input[str] | None = None,
        persistent: pulumi.Input[bool] | None = None,
        format: pulumi.Input[str] | None = None,
        dev_prefix: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None:
        """Set the properties.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the image holds.
        :param datastore_id: Image datastore that holds it.
        :param path: File on the front end, or URL, that the image is copied from. Either this or `size`.
        :param size: Size of an empty image in MiB. Either this or `path`.
        :param type: `OS`, `CDROM` or `DATABLOCK`. Default: `OS` with a path, `DATABLOCK` without.
        :param persistent: Whether what a virtual machine writes is kept in the image itself.
        :param format: `raw` or `qcow2`. Default: found out by OpenNebula.
        :param dev_prefix: Bus of the disk as its device's prefix: `vd`, `sd`, `hd`.
        :param tags: Further attributes of the image's template.
        """
        if name is not None:
            pulumi.set(self, "name", name)
        if description is not None:
            pulumi.set(self, "description", description)
        pulumi.set(self, "datastore_id", datastore_id)
        if path is not None:
            pulumi.set(self, "path", path)
        if size is not None:
            pulumi.set(self, "size", size)
        if type is not None:
            pulumi.set(self, "type", type)
        if persistent is not None:
            pulumi.set(self, "persistent", persistent)
        if format is not None:
            pulumi.set(self, "format", format)
        if dev_prefix is not None:
            pulumi.set(self, "dev_prefix", dev_prefix)
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
        """What the image holds."""
        return pulumi.get(self, "description")

    @description.setter
    def description(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "description", value)

    @property
    @pulumi.getter(name="datastoreId")
    def datastore_id(self) -> pulumi.Input[int]:
        """Image datastore that holds it."""
        return pulumi.get(self, "datastore_id")

    @datastore_id.setter
    def datastore_id(self, value: pulumi.Input[int]) -> None:
        pulumi.set(self, "datastore_id", value)

    @property
    @pulumi.getter
    def path(self) -> pulumi.Input[str] | None:
        """File on the front end, or URL, that the image is copied from. Either this or `size`."""
        return pulumi.get(self, "path")

    @path.setter
    def path(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "path", value)

    @property
    @pulumi.getter
    def size(self) -> pulumi.Input[int] | None:
        """Size of an empty image in MiB. Either this or `path`."""
        return pulumi.get(self, "size")

    @size.setter
    def size(self, value: pulumi.Input[int] | None) -> None:
        pulumi.set(self, "size", value)

    @property
    @pulumi.getter
    def type(self) -> pulumi.Input[str] | None:
        """`OS`, `CDROM` or `DATABLOCK`. Default: `OS` with a path, `DATABLOCK` without."""
        return pulumi.get(self, "type")

    @type.setter
    def type(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "type", value)

    @property
    @pulumi.getter
    def persistent(self) -> pulumi.Input[bool] | None:
        """Whether what a virtual machine writes is kept in the image itself."""
        return pulumi.get(self, "persistent")

    @persistent.setter
    def persistent(self, value: pulumi.Input[bool] | None) -> None:
        pulumi.set(self, "persistent", value)

    @property
    @pulumi.getter
    def format(self) -> pulumi.Input[str] | None:
        """`raw` or `qcow2`. Default: found out by OpenNebula."""
        return pulumi.get(self, "format")

    @format.setter
    def format(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "format", value)

    @property
    @pulumi.getter(name="devPrefix")
    def dev_prefix(self) -> pulumi.Input[str] | None:
        """Bus of the disk as its device's prefix: `vd`, `sd`, `hd`."""
        return pulumi.get(self, "dev_prefix")

    @dev_prefix.setter
    def dev_prefix(self, value: pulumi.Input[str] | None) -> None:
        pulumi.set(self, "dev_prefix", value)

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Input[Mapping[str, pulumi.Input[str]]] | None:
        """Further attributes of the image's template."""
        return pulumi.get(self, "tags")

    @tags.setter
    def tags(self, value: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None) -> None:
        pulumi.set(self, "tags", value)


@pulumi.type_token("opennebula:index:Image")
class Image(pulumi.CustomResource):
    """A disk image in a datastore: registered from a path or URL, or made empty by its size."""

    @overload
    def __init__(
        self,
        resource_name: str,
        args: ImageArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        *,
        datastore_id: pulumi.Input[int],
        name: pulumi.Input[str] | None = None,
        description: pulumi.Input[str] | None = None,
        path: pulumi.Input[str] | None = None,
        size: pulumi.Input[int] | None = None,
        type: pulumi.Input[str] | None = None,
        persistent: pulumi.Input[bool] | None = None,
        format: pulumi.Input[str] | None = None,
        dev_prefix: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, pulumi.Input[str]]] | None = None,
    ) -> None: ...

    def __init__(self, resource_name: str, *args: object, **kwargs: object) -> None:
        """Declare it; a `ImageArgs` can be given instead of the separate arguments.

        :param name: Name, unique per owner. Default: the name of the Pulumi resource.
        :param description: What the image holds.
        :param datastore_id: Image datastore that holds it.
        :param path: File on the front end, or URL, that the image is copied from. Either this or `size`.
        :param size: Size of an empty image in MiB. Either this or `path`.
        :param type: `OS`, `CDROM` or `DATABLOCK`. Default: `OS` with a path, `DATABLOCK` without.
        :param persistent: Whether what a virtual machine writes is kept in the image itself.
        :param format: `raw` or `qcow2`. Default: found out by OpenNebula.
        :param dev_prefix: Bus of the disk as its device's prefix: `vd`, `sd`, `hd`.
        :param tags: Further attributes of the image's template.
        """
        inputs, opts = _utilities.resource_arguments(ImageArgs, args, kwargs)
        inputs.__dict__.update({"state": None, "size_mib": None, "source": None})
        super().__init__("opennebula:index:Image", resource_name, inputs, _utilities.resource_options(opts))

    @staticmethod
    def get(resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None) -> "Image":
        """The existing object of that id, not managed by the program."""
        return _utilities.existing(Image, resource_name, id, opts)

    @property
    @pulumi.getter
    def name(self) -> pulumi.Output[str]:
        """Name, unique per owner. Default: the name of the Pulumi resource."""
        return pulumi.get(self, "name")

    @property
    @pulumi.getter
    def description(self) -> pulumi.Output[str | None]:
        """What the image holds."""
        return pulumi.get(self, "description")

    @property
    @pulumi.getter(name="datastoreId")
    def datastore_id(self) -> pulumi.Output[int]:
        """Image datastore that holds it."""
        return pulumi.get(self, "datastore_id")

    @property
    @pulumi.getter
    def path(self) -> pulumi.Output[str | None]:
        """File on the front end, or URL, that the image is copied from. Either this or `size`."""
        return pulumi.get(self, "path")

    @property
    @pulumi.getter
    def size(self) -> pulumi.Output[int | None]:
        """Size of an empty image in MiB. Either this or `path`."""
        return pulumi.get(self, "size")

    @property
    @pulumi.getter
    def type(self) -> pulumi.Output[str | None]:
        """`OS`, `CDROM` or `DATABLOCK`. Default: `OS` with a path, `DATABLOCK` without."""
        return pulumi.get(self, "type")

    @property
    @pulumi.getter
    def persistent(self) -> pulumi.Output[bool]:
        """Whether what a virtual machine writes is kept in the image itself."""
        return pulumi.get(self, "persistent")

    @property
    @pulumi.getter
    def format(self) -> pulumi.Output[str | None]:
        """`raw` or `qcow2`. Default: found out by OpenNebula."""
        return pulumi.get(self, "format")

    @property
    @pulumi.getter(name="devPrefix")
    def dev_prefix(self) -> pulumi.Output[str | None]:
        """Bus of the disk as its device's prefix: `vd`, `sd`, `hd`."""
        return pulumi.get(self, "dev_prefix")

    @property
    @pulumi.getter
    def tags(self) -> pulumi.Output[Mapping[str, str]]:
        """Further attributes of the image's template."""
        return pulumi.get(self, "tags")

    @property
    @pulumi.getter
    def state(self) -> pulumi.Output[str]:
        """State, such as `READY` or `USED`."""
        return pulumi.get(self, "state")

    @property
    @pulumi.getter(name="sizeMib")
    def size_mib(self) -> pulumi.Output[int]:
        """Size in MiB."""
        return pulumi.get(self, "size_mib")

    @property
    @pulumi.getter
    def source(self) -> pulumi.Output[str]:
        """Where the datastore keeps it."""
        return pulumi.get(self, "source")
