"""A container on a machine."""

from __future__ import annotations

import pulumi
import pulumi_command as command

from infra import scripts
from infra.machine import Machine
from infra.scripts import ContainerSpec


class Container(pulumi.ComponentResource):
    """One hardened container. Docker's restart policy alone keeps it up; a changed `spec` replaces it in place.

    It ends with its machine, whose shutdown stops it in good order: a machine that is gone already holds up nothing.
    """

    def __init__(
        self,
        name: str,
        spec: ContainerSpec,
        *,
        machine: Machine,
        after: list[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("flower:infra:Container", f"{name}-container", None, opts)
        self.running = command.remote.Command(
            f"{name}-container-run",
            connection=machine.connection,
            create=scripts.REMOTE_SHELL,
            stdin=scripts.container(spec),
            add_previous_output_in_env=False,
            triggers=[machine.vm.id],
            opts=machine.on_it(self, *after),
        )
        self.image_digest: pulumi.Output[str] = self.running.stdout
        self.register_outputs({"imageDigest": self.image_digest})
