"""What set-up prints: one line a step, and signs of life in between."""

import shutil
import sys
import threading
import time
from typing import TextIO

EVERY = 30
"""Seconds between two signs of life where the output is not a terminal."""

SPINNER = "|/-\\"


class Progress:
    """Lines about steps that run side by side; `tick` is called several times a second."""

    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._begun: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._status = ""

    def begin(self, step: str) -> None:
        """A step begins."""
        self._begun[step] = self._told[step] = time.monotonic()

    def end(self, step: str, result: str) -> None:
        """A step ended."""
        begun = self._begun.pop(step)
        self.say(f"{step} ... {result} ({time.monotonic() - begun:.1f} s)")

    def say(self, line: str) -> None:
        """Print a line that stays."""
        with self._lock:
            self._print_status("")
            print(line, file=self._stream, flush=True)

    def tick(self, details: dict[str, str]) -> None:
        """Show that the running steps live; `details` maps each to the last line that it printed."""
        now = time.monotonic()
        if self._terminal:
            running = [f"{step} {now - begun:.0f} s" for step, begun in self._begun.items()]
            last = next((text for text in reversed(details.values()) if text), "")
            sign = SPINNER[int(now * 8) % len(SPINNER)]
            with self._lock:
                self._print_status(f"{sign} {', '.join(running)}  {last}" if running else "")
            return
        for step, begun in self._begun.items():
            if now - self._told[step] >= EVERY:
                self._told[step] = now
                self.say(f"{step} ... still at it after {now - begun:.0f} s: {details.get(step, '')[:100]}")

    def _print_status(self, status: str) -> None:
        if not self._terminal:
            return
        width = shutil.get_terminal_size().columns - 1
        text = "".join(character for character in status if character.isprintable())[:width]
        if text or self._status:
            self._stream.write("\r" + text.ljust(min(len(self._status), width)) + ("\r" if not text else ""))
            self._stream.flush()
        self._status = text
