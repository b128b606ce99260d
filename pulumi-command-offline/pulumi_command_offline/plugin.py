"""The plugin: which resource and function is whose."""

from pulumi_provider_kit import Operation, Properties, Provider, serve

from .command import Command
from .copy import CopyToRemote
from .local import run_function, run_locally
from .remote import run_remotely
from .schema import SCHEMA, VERSION


class CommandProvider(Provider):
    """The `command` package; says that it is not the official one."""

    def configure(self, operation: Operation, config: Properties) -> None:
        """Nothing to configure."""
        operation.log(f"command {VERSION}: pulumi-command-offline stands in for the official plugin")


def provider() -> CommandProvider:
    """The provider, for `serve`."""
    return CommandProvider(
        "command",
        VERSION,
        SCHEMA,
        resources={
            "command:local:Command": Command(run_locally),
            "command:remote:Command": Command(run_remotely),
            "command:remote:CopyToRemote": CopyToRemote(),
        },
        functions={"command:local:run": run_function},
    )


def main() -> None:
    """Run as the engine's plugin."""
    serve(provider())
