"""The front end's HTTP server, on loopback: POST /RPC2 is answered, nothing else is there."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from sandbox.oned import (  # noqa: F401 (importing them puts their methods into the table)
    account_api,
    image_api,
    infrastructure_api,
    network_api,
    security_group_api,
    vm_api,
    vm_devices,
    vm_template,
)
from sandbox.oned.call import methods
from sandbox.oned.cloud import Cloud, Settings
from sandbox.oned.driver import Driver, SeedImage
from sandbox.oned.seed import seed
from sandbox.oned.worker import Worker

PATH = "/RPC2"
LOOPBACK = "127.0.0.1"
LARGEST_REQUEST = 16 * 1024 * 1024
log = logging.getLogger("oned")


class Oned:
    """A front end that serves from `start` to `stop`; `port` 0 takes a free one. `cloud` is what it serves."""

    def __init__(
        self,
        state_dir: Path,
        driver: Driver,
        *,
        port: int = 0,
        images: Iterable[SeedImage] = (),
        hosts: Iterable[str] = ("localhost",),
        settings: Settings | None = None,
    ) -> None:
        self.cloud = Cloud(state_dir, driver, settings)
        seed(self.cloud, images, hosts)
        self._worker = Worker(self.cloud)
        handler = type("Handler", (_Handler,), {"cloud": self.cloud})
        self._http = _Server((LOOPBACK, port), handler)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="http")

    @property
    def endpoint(self) -> str:
        """Where clients find it."""
        return f"http://{self._http.server_address[0]!s}:{self._http.server_address[1]}{PATH}"

    @property
    def idle(self) -> bool:
        """Whether all that calls left to do is done. (VMs may be waiting for a host.)"""
        return self._worker.idle

    def start(self) -> None:
        """Begin to answer, and to work off what waits."""
        self._worker.start()
        self._thread.start()

    def stop(self) -> None:
        """Answer no more, let driver calls end, close the files."""
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._worker.stop()
        self.cloud.store.close()


def run(state_dir: Path, port: int, driver: Driver, images: list[SeedImage]) -> None:
    """Serve until SIGTERM or SIGINT. The state folder holds `one_auth` (`oneadmin:PASSWORD`); one.db is made in it."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    oned = Oned(state_dir, driver, port=port, images=images)
    oned.start()
    log.info("serving %s", oned.endpoint)
    stop.wait()
    log.info("stopping")
    oned.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # those that are answering come to their end before the memory is closed
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    cloud: ClassVar[Cloud]
    protocol_version = "HTTP/1.1"
    timeout = 30
    server_version = "oned-sandbox"
    sys_version = ""

    def do_POST(self) -> None:
        if self.path != PATH:
            self._send(HTTPStatus.NOT_FOUND, b"")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            self._send(HTTPStatus.LENGTH_REQUIRED, b"")
            return
        self._send(HTTPStatus.OK, methods.answer(self.cloud, self.rfile.read(int(length))))

    def do_GET(self) -> None:
        self._send(HTTPStatus.METHOD_NOT_ALLOWED if self.path == PATH else HTTPStatus.NOT_FOUND, b"")

    def log_message(self, format: str, *args: object) -> None:
        log.debug(format, *args)

    def _send(self, status: HTTPStatus, body: bytes) -> None:
        self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
