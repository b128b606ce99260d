# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"

"""OpenNebula for Pulumi: networks, security groups, images, virtual machines."""

from . import outputs
from ._inputs import (
    AddressRangeArgs,
    AddressRangeArgsDict,
    DiskArgs,
    DiskArgsDict,
    NicArgs,
    NicArgsDict,
    OsArgs,
    OsArgsDict,
    SecurityGroupRuleArgs,
    SecurityGroupRuleArgsDict,
)
from ._utilities import register
from .get_datastore import AwaitableGetDatastoreResult, GetDatastoreResult, get_datastore, get_datastore_output
from .get_image import AwaitableGetImageResult, GetImageResult, get_image, get_image_output
from .get_template import AwaitableGetTemplateResult, GetTemplateResult, get_template, get_template_output
from .get_virtual_network import (
    AwaitableGetVirtualNetworkResult,
    GetVirtualNetworkResult,
    get_virtual_network,
    get_virtual_network_output,
)
from .image import Image, ImageArgs
from .provider import Provider, ProviderArgs
from .security_group import SecurityGroup, SecurityGroupArgs
from .virtual_machine import VirtualMachine, VirtualMachineArgs
from .virtual_network import VirtualNetwork, VirtualNetworkArgs

__all__ = [
    "AddressRangeArgs",
    "AddressRangeArgsDict",
    "AwaitableGetDatastoreResult",
    "AwaitableGetImageResult",
    "AwaitableGetTemplateResult",
    "AwaitableGetVirtualNetworkResult",
    "DiskArgs",
    "DiskArgsDict",
    "GetDatastoreResult",
    "GetImageResult",
    "GetTemplateResult",
    "GetVirtualNetworkResult",
    "Image",
    "ImageArgs",
    "NicArgs",
    "NicArgsDict",
    "OsArgs",
    "OsArgsDict",
    "Provider",
    "ProviderArgs",
    "SecurityGroup",
    "SecurityGroupArgs",
    "SecurityGroupRuleArgs",
    "SecurityGroupRuleArgsDict",
    "VirtualMachine",
    "VirtualMachineArgs",
    "VirtualNetwork",
    "VirtualNetworkArgs",
    "get_datastore",
    "get_datastore_output",
    "get_image",
    "get_image_output",
    "get_template",
    "get_template_output",
    "get_virtual_network",
    "get_virtual_network_output",
    "outputs",
]

register(
    __name__,
    {
        "opennebula:index:VirtualNetwork": "VirtualNetwork",
        "opennebula:index:SecurityGroup": "SecurityGroup",
        "opennebula:index:Image": "Image",
        "opennebula:index:VirtualMachine": "VirtualMachine",
    },
)
