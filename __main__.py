"""A Flower federation on OpenNebula: `pulumi up` makes it, `pulumi destroy` removes it.

    stack settings  ->  Federation  ->  stack outputs
    Pulumi.*.yaml       infra/          what scripts/train.py reads

docs/settings.md lists every setting.
"""

from pathlib import Path

import pulumi

from infra import stack_config
from infra.federation import Federation


def main() -> None:
    """Check all settings, then describe what is to be there."""
    settings = stack_config.load(stack_config.of_this_stack(), project=pulumi.get_project(), stack=pulumi.get_stack())
    federation = Federation(settings, Path.cwd())
    for name, value in federation.outputs.items():
        pulumi.export(name, value)


main()
