"""PID 1 of a VM: the machine's power switch, the guest's boot, its services, and its shutdown.

Order at boot: packet filters and disks (machine.py), host name, network and keys (context.py), the services that are
enabled for runlevel 2 (sshd, and Docker where it is installed), then the start script in the background.
SIGTERM is the power button.
"""

from __future__ import annotations

import contextlib
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
from sandbox.guest.machine import CONTEXT, READY, Machine

CONTROL = Path("/run/guest-init.sock")
SERVICE_SECONDS = 20


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
        self._power_button = False
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
            control.bind(str(CONTROL))
            CONTROL.chmod(0o600)
            control.listen()
            self.say(READY)
            self._boot()
            self._serve(control)
        self._shut_down()
        return 0

    def _boot(self) -> None:
        variables: dict[str, str] = {}
        try:
            variables = context.parse(CONTEXT.read_text())
            self._contextualize(variables)
        except (OSError, ValueError) as error:
            self.say(f"contextualization failed: {error}")
        context.make_host_keys()
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        for script in sorted(Path("/etc/rc2.d").glob("S*")):
            self.say(f"starting {script.name[3:]}")
            if self._service(script, "start"):
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

    def _contextualize(self, variables: dict[str, str]) -> None:
        interfaces = {_mac(interface): interface for interface in self._machine.interfaces.values()}
        if (variables, interfaces) == self._contextualized:
            return
        context.apply(variables, interfaces)
        addresses = " ".join(variables.get(f"{prefix}_IP", "") for prefix in context.network_prefixes(variables))
        self._contextualized = (variables, interfaces)
        self.say(f"contextualized as {socket.gethostname()} {addresses}")

    def _serve(self, control: socket.socket) -> None:
        """Reap and answer reload requests until the power button."""
        while not self._power_button:
            ready, _, _ = select.select([self._signals, control], [], [])
            if control in ready:
                self._reload(control)
            if self._signals in ready:
                self._take_signals()
                self._reap()

    def _reload(self, control: socket.socket) -> None:
        connection, _ = control.accept()
        with connection:
            try:
                self._machine.apply()
                self._contextualize(context.parse(CONTEXT.read_text()))
                answer = ""
            except (OSError, ValueError, KeyError) as error:
                answer = str(error) or repr(error)
                self.say(f"reload failed: {answer}")
            with contextlib.suppress(OSError):  # who asked is gone
                connection.sendall(answer.encode())

    def _service(self, script: Path, action: str) -> int:
        """Run an init script, reaping meanwhile: it may wait for a daemon to be gone. Returns its exit code."""
        process = subprocess.Popen([script, action], stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + SERVICE_SECONDS
        while (code := self._reap().get(process.pid)) is None:
            if time.monotonic() > deadline:
                self.say(f"{script.name[3:]}: {action} takes more than {SERVICE_SECONDS} s")
                return 1
            if select.select([self._signals], [], [], 1)[0]:
                self._take_signals()
        process.returncode = code
        return code

    def _take_signals(self) -> None:
        if signal.SIGTERM in os.read(self._signals, 64):
            self._power_button = True

    def _reap(self) -> dict[int, int]:
        """Exit codes by process id of the children that ended."""
        ended: dict[int, int] = {}
        with contextlib.suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                ended[found[0]] = os.waitstatus_to_exitcode(found[1])
        if self._start_script is not None and self._start_script.pid in ended:
            self._start_script.returncode = ended[self._start_script.pid]
            self.say(f"the start script ended with {self._start_script.returncode}")
            self._start_script = None
        return ended

    def _shut_down(self) -> None:
        self.say("shutting down")
        for script in sorted(Path("/etc/rc0.d").glob("K*"), reverse=True):
            self.say(f"stopping {script.name[3:]}")
            if self._service(script, "stop"):
                self.say(f"{script.name[3:]} failed to stop")
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
