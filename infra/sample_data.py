"""Public data for demonstrations: each site gets a partition of its own, and no other site's."""

from __future__ import annotations

import pulumi
import pulumi_command as command

from infra.machine import Machine
from infra.settings import Site
from infra.settings_rules import sample_folder


class SampleData(pulumi.ComponentResource):
    """The site's partition of `dataset`, copied into its data folder."""

    def __init__(self, site: Site, dataset: str, *, machine: Machine, parent: pulumi.Resource) -> None:
        super().__init__("flower:infra:SampleData", f"{site.name}-data", None, pulumi.ResourceOptions(parent=parent))
        self.copied = command.remote.CopyToRemote(
            f"{site.name}-data-copy",
            connection=machine.connection,
            # With a slash at its end, what is in the folder is copied, not the folder itself.
            source=pulumi.FileArchive(f"{sample_folder(dataset) / str(site.partition)}/"),
            remote_path=site.data_dir,
            triggers=[machine.vm.id],
            opts=machine.on_it(self),
        )
        self.register_outputs({})
