"""PID 1 of a VM: the machine's power switch, the guest's boot, its services, and its shutdown.

Order at boot: packet filters and disks (machine.py), host name, network and keys (context.py), the services that are
enabled for runlevel 2 (sshd, and Docker where it is installed), then the start script in the background.
SIGTERM is the power button.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from sandbox.guest import context
from sandbox.guest.machine import CONTEXT, Machine

CONTROL = Path("/run/guest-init.sock")
SERVICE_STOP_SECONDS = 20


def main(arguments: Sequence[str]) -> int:
    """Be PID 1; or, with `reload`, ask PID 1 to take over the machine's new description."""
    if arguments == ["reload"]:
        return _ask_reload()
    if os.getpid() != 1:
        print("guest-init is PID 1 of a machine, or `guest-init reload`", file=sys.stderr)
        return 2
    os.environ.update(HOME="/root", LANG="C.UTF-8", PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return Guest().run()


class Guest:
    """The running guest: its machine, its start script, and what it is asked."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._machine = Machine()
        self._contextualized: tuple[dict[str, str], dict[str, str]] | None = None
        self._start_script: subprocess.Popen[bytes] | None = None
        self._signals, wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)

    def run(self) -> int:
        """Boot, serve until the power button, shut down. Returns the machine's exit code."""
        try:
            self._machine.power_on()
            self._machine.apply()
        except OSError as error:
            self.say(str(error))
            return 1
        with socket.socket(socket.AF_UNIX) as control:
            control.bind(str(CONTROL))  # by this the driver sees that the machine itself is fine
            CONTROL.chmod(0o600)
            control.listen()
            self._boot()
            self._serve(control)
        self._shut_down()
        return 0

    def _boot(self) -> None:
        variables = self._contextualize()
        context.make_host_keys()
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for script in sorted(Path("/etc/rc2.d").glob("S*")):
            self.say(f"starting {script.name[3:]}")
            if subprocess.run([script, "start"], stdin=subprocess.DEVNULL).returncode:
                self.say(f"{script.name[3:]} failed to start")
        try:
            script_text = context.start_script(variables)
        except ValueError as error:
            self.say(str(error))
            script_text = None
        if script_text is not None:
            self.say("running the start script")
            self._start_script = context.run_start_script(script_text)
        self.say("up")

    def _contextualize(self) -> dict[str, str]:
        variables = context.parse(CONTEXT.read_text())
        interfaces = {_mac(interface): interface for interface in self._machine.interfaces.values()}
        if (variables, interfaces) == self._contextualized:
            return variables
        context.apply(variables, interfaces)
        addresses = " ".join(variables.get(f"{prefix}_IP", "") for prefix in context.network_prefixes(variables))
        self._contextualized = (variables, interfaces)
        self.say(f"contextualized as {socket.gethostname()} {addresses}")
        return variables

    def _serve(self, control: socket.socket) -> None:
        """Reap and answer reload requests until the power button."""
        while True:
            ready, _, _ = select.select([self._signals, control], [], [])
            if control in ready:
                self._reload(control)
            if self._signals in ready:
                received = os.read(self._signals, 64)
                self._reap()
                if signal.SIGTERM in received:
                    return

    def _reload(self, control: socket.socket) -> None:
        connection, _ = control.accept()
        with connection:
            try:
                self._machine.apply()
                self._contextualize()
                answer = ""
            except (OSError, ValueError, KeyError) as error:
                answer = str(error) or repr(error)
                self.say(f"reload failed: {answer}")
            connection.sendall(answer.encode())

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._start_script is not None and pid == self._start_script.pid:
                self.say(f"the start script ended with {os.waitstatus_to_exitcode(status)}")
                self._start_script = None

    def _shut_down(self) -> None:
        self.say("shutting down")
        for script in sorted(Path("/etc/rc0.d").glob("K*"), reverse=True):
            try:
                subprocess.run([script, "stop"], stdin=subprocess.DEVNULL, timeout=SERVICE_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.say(f"{script.name[3:]} did not stop in {SERVICE_STOP_SECONDS} s")
        _end_processes()
        self._machine.power_off()
        self.say("off")

    def say(self, text: str) -> None:
        """One line on the console, with the seconds since boot."""
        print(f"[{time.monotonic() - self._started:8.3f}] {text}", flush=True)


def _end_processes() -> None:
    """End what still runs: asked first, then killed."""
    for number, seconds in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 2.0)):
        try:
            os.kill(-1, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    time.sleep(0.02)
            except ChildProcessError:
                return


def _mac(interface: str) -> str:
    return Path("/sys/class/net", interface, "address").read_text().strip()


def _ask_reload() -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(CONTROL))
        answer = connection.makefile().read()
    print(answer, end="")
    return 1 if answer else 0
