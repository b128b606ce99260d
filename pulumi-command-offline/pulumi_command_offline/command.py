"""The life of a Command resource, local or remote: which command runs when, and what it leaves in the state."""

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from pulumi_provider_kit import Operation, Properties, Resource

from .output import Output

T = TypeVar("T")
Run = Callable[[Operation, str, Properties, dict[str, str]], Coroutine[Any, Any, Output]]
"""Runs a command: operation, command, the resource's inputs, variables with the previous output."""


class Command(Resource):
    """Creating, updating and deleting is running the command of that name.

    Args:
        run: where and how commands run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Run `create` if there is one."""
        output = self._execute(operation, inputs.get("create"), inputs, Output())
        return operation.name + secrets.token_hex(4), _outputs(inputs, output)

    def update(
        self, operation: Operation, id: str, old_inputs: Properties, old_outputs: Properties, inputs: Properties
    ) -> Properties:
        """Run `update`, or else `create`; if there is neither, the old output stays."""
        command = inputs.get("update") or inputs.get("create")
        return _outputs(inputs, self._execute(operation, command, inputs, _previous(old_outputs)))

    def delete(self, operation: Operation, id: str, inputs: Properties, outputs: Properties) -> None:
        """Run `delete` if there is one, with everything as in the state."""
        self._execute(operation, outputs.get("delete"), outputs, _previous(outputs))

    def _execute(self, operation: Operation, command: str | None, inputs: Properties, previous: Output) -> Output:
        if not command:
            return previous
        variables = previous.environment() if inputs.get("addPreviousOutputInEnv", True) else {}
        return run_until_cancelled(operation, self._run(operation, command, inputs, variables))


def run_until_cancelled(operation: Operation, work: Coroutine[Any, Any, T]) -> T:
    """Run asynchronous work, cancelling it at Ctrl-C and at the operation's deadline."""

    async def supervised() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  (we are in one)

        def cancel() -> None:
            loop.call_soon_threadsafe(task.cancel)

        with operation.interruptible(cancel):
            return await work

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        operation.check()
        raise


def _previous(outputs: Properties) -> Output:
    files = tuple((name, outputs[name]) for name in ("assets", "archive") if name in outputs)
    return Output(outputs.get("stdout", ""), outputs.get("stderr", ""), files)


def _outputs(inputs: Properties, output: Output) -> Properties:
    return {**inputs, "stdout": output.stdout, "stderr": output.stderr, **dict(output.files)}
