"""The provider: its settings, its resources and its look-ups put together."""

from __future__ import annotations

from pulumi_provider_kit import CheckFailure, Operation, Properties, Provider, Resource, has_unknown

from . import VERSION, configuration
from .cloud import Cloud
from .lookups import functions
from .resources.image import ImageResource
from .resources.network import VirtualNetworkResource
from .resources.security_group import SecurityGroupResource
from .resources.virtual_machine import VirtualMachineResource
from .schema import package_schema


class OpenNebula(Provider):
    """OpenNebula for Pulumi."""

    def __init__(self) -> None:
        self._cloud = Cloud()
        resources: dict[str, Resource] = {
            "opennebula:index:VirtualNetwork": VirtualNetworkResource(self._cloud),
            "opennebula:index:SecurityGroup": SecurityGroupResource(self._cloud),
            "opennebula:index:Image": ImageResource(self._cloud),
            "opennebula:index:VirtualMachine": VirtualMachineResource(self._cloud),
        }
        super().__init__("opennebula", VERSION, package_schema(), resources, functions(self._cloud))

    def check_config(self, operation: Operation, config: Properties) -> tuple[Properties, list[CheckFailure]]:
        """Find what is wrong with the settings."""
        return config, configuration.check(config)

    def configure(self, operation: Operation, config: Properties) -> None:
        """Log in, so that what is wrong shows in the preview; settings that are not known yet are not tried."""
        if has_unknown(config):
            return
        client, version = configuration.connect(config)
        if configuration.too_old(version):
            oldest = ".".join(map(str, configuration.OLDEST))
            operation.log(f"OpenNebula {version} is older than {oldest}, the oldest that is supported", "warning")
        self._cloud.connect(client, self.id, operation.urn)
