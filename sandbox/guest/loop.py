"""Files as block devices, by Linux's loop driver (loop(4)).

A loop device is the host's, not the container's. To leave none behind however the VM ends, each is set to
clear itself at its last close, and held open by PID 1 alone.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import struct
from pathlib import Path

# linux/loop.h
LOOP_SET_FD = 0x4C00
LOOP_SET_STATUS64 = 0x4C04
LOOP_SET_CAPACITY = 0x4C07
LOOP_CTL_GET_FREE = 0x4C82
LO_FLAGS_READ_ONLY = 1
LO_FLAGS_AUTOCLEAR = 4
LOOP_INFO64 = struct.Struct("=QQQQQIIII64s64s32sQQ")  # lo_flags is the ninth
LOOP_MAJOR = 7


class LoopDevice:
    """The file that `backing` has open, as block device `/dev/<target>` for as long as this object is not closed."""

    def __init__(self, backing: int, target: str, read_only: bool) -> None:
        self.path = Path("/dev", target)
        self._fd, number = _attach(backing, read_only)
        self.path.unlink(missing_ok=True)
        os.mknod(self.path, 0o660 | stat.S_IFBLK, os.makedev(LOOP_MAJOR, number))

    def grow(self) -> None:
        """Take over the size of the backing file."""
        fcntl.ioctl(self._fd, LOOP_SET_CAPACITY)

    def close(self) -> None:
        """Remove the device; it clears itself when nothing has it mounted any more."""
        self.path.unlink(missing_ok=True)
        os.close(self._fd)


def _attach(backing: int, read_only: bool) -> tuple[int, int]:
    _node(Path("/dev/loop-control"), stat.S_IFCHR, 10, 237)
    control = os.open("/dev/loop-control", os.O_RDWR | os.O_CLOEXEC)
    try:
        while True:
            number = fcntl.ioctl(control, LOOP_CTL_GET_FREE)
            path = Path(f"/dev/loop{number}")
            _node(path, stat.S_IFBLK, LOOP_MAJOR, number)
            device = os.open(path, (os.O_RDONLY if read_only else os.O_RDWR) | os.O_CLOEXEC)
            try:
                fcntl.ioctl(device, LOOP_SET_FD, backing)
                flags = LO_FLAGS_AUTOCLEAR | (LO_FLAGS_READ_ONLY if read_only else 0)
                info = LOOP_INFO64.pack(0, 0, 0, 0, 0, number, 0, 0, flags, b"", b"", b"", 0, 0)
                fcntl.ioctl(device, LOOP_SET_STATUS64, info)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:  # another machine of this host took that number first
                    raise
            else:
                return device, number
    finally:
        os.close(control)


def _node(path: Path, kind: int, major: int, minor: int) -> None:
    if not path.exists():
        os.mknod(path, 0o600 | kind, os.makedev(major, minor))
