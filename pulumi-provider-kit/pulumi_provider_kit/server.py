"""Runs a provider as a plugin: the process that the engine starts, talks to, interrupts and ends."""

import argparse
import contextlib
import os
import queue
import signal
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import grpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS
from pulumi.runtime.proto import provider_pb2_grpc

from .provider import Provider
from .servicer import Servicer

_WORKERS = 1000  # a thread a call, made as needed: however many are waiting, Cancel must still get one
_GRACE = 30.0  # seconds for calls under way to end cleanly after a cancel


def serve(provider: Provider, argv: Sequence[str] | None = None) -> None:
    """Run the provider until the engine ends it. The first line on standard output is the port.

    Args:
        provider: what to serve.
        argv: the command line, `sys.argv[1:]` by default: the engine's address, absent when a developer starts the
            plugin and lets the engine attach by `PULUMI_DEBUG_PROVIDERS=name:port`; `--port` chooses the port.
    """
    parser = argparse.ArgumentParser(description=f"Pulumi resource plugin {provider.name} {provider.version}")
    parser.add_argument("engine", nargs="?", help="address of the engine, given by the engine")
    parser.add_argument("--port", type=int, default=0, help="port to listen on, on 127.0.0.1 (default: a free one)")
    arguments, _ = parser.parse_known_args(argv)

    server = grpc.server(ThreadPoolExecutor(_WORKERS), options=[*_GRPC_CHANNEL_OPTIONS, ("grpc.so_reuseport", 0)])
    servicer = Servicer(provider, arguments.engine)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port(f"127.0.0.1:{arguments.port}")

    stop: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put may be called from a signal handler

    def interrupted(signal_number: int, _frame: object) -> None:
        # Ctrl-C reaches the whole process group before the engine can say Cancel. Calls under way must first end
        # cleanly, or the engine keeps them as pending; so SIGINT counts only after Cancel. A handler, not SIG_IGN,
        # because that would be inherited by the processes that a provider starts.
        if signal_number == signal.SIGTERM or servicer.cancellation.is_set:
            stop.put(None)

    signal.signal(signal.SIGINT, interrupted)
    signal.signal(signal.SIGTERM, interrupted)
    threading.Thread(target=_stop_with_parent, args=(stop, os.getppid()), daemon=True).start()
    server.start()
    print(port, flush=True)
    _wait_for(stop)
    servicer.cancellation.set()
    server.stop(_GRACE).wait()


def _wait_for(stop: "queue.SimpleQueue[None]") -> None:
    """Wait in short turns: a signal that comes just as a wait begins is handled only when that wait ends."""
    while True:
        with contextlib.suppress(queue.Empty):
            stop.get(timeout=1)
            return


def _stop_with_parent(stop: "queue.SimpleQueue[None]", parent: int) -> None:
    """Stop when the engine died without a word: nobody would ever end this process."""
    while os.getppid() == parent:
        time.sleep(1)
    stop.put(None)
