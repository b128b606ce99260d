"""VMs as containers: the driver behind the sandbox's API."""

from sandbox.containers.driver import ContainerDriver

__all__ = ["ContainerDriver"]
