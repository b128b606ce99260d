"""A provider plugin as a process, and the part of an engine that it talks to, for the contract tests of plugins."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc
from pulumi_provider_kit.codec import encode


class Engine(engine_pb2_grpc.EngineServicer):
    """Collects what the plugin logs."""

    def __init__(self) -> None:
        self.logs: list[engine_pb2.LogRequest] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(4))
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def Log(self, request: engine_pb2.LogRequest, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.logs.append(request)
        return empty_pb2.Empty()

    def lines(self, name: str) -> list[str]:
        """Progress lines of the resource of that name."""
        return [log.message for log in self.logs if log.ephemeral and log.urn.endswith(f"::{name}")]

    def stop(self) -> None:
        self._server.stop(None)


class Plugin:
    """A running plugin and a client of it.

    Args:
        command: the plugin's command line.
        environment: additions to this process's.
        cwd: the working folder, which is the Pulumi project's when the engine starts a plugin.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=cwd, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.port = self.process.stdout.readline().strip()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.client = provider_pb2_grpc.ResourceProviderStub(self._channel)

    def create(
        self, type: str, name: str, inputs: Mapping[str, Any], *, preview: bool = False, timeout: float = 0
    ) -> provider_pb2.CreateResponse:
        request = provider_pb2.CreateRequest(
            urn=urn(type, name), properties=encode(inputs), preview=preview, timeout=timeout
        )
        return cast(provider_pb2.CreateResponse, self.client.Create(request))

    def stop(self) -> None:
        self._channel.close()
        self.process.kill()
        self.process.communicate()


def urn(type: str, name: str) -> str:
    """The URN of a resource in a stack."""
    return f"urn:pulumi:dev::proj::{type}::{name}"


def failing(call: Callable[[], Any]) -> grpc.Call:
    """The error of a call that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return cast(grpc.Call, caught.value)


def until(condition: Callable[[], bool], what: str) -> None:
    """Return as soon as the condition holds; fail if it does not within 20 s."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"not within 20 s: {what}"
        time.sleep(0.02)
