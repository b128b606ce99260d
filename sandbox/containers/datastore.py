"""The datastore: disks as sparse raw files in one volume, which the bastion holds as the front end.

`image-3.img` is image 3, `vm-7-disk-1.img` disk 1 of VM 7 (volatile, or the clone of an image). A VM sees only its
own, as block devices. OS disks are not here: a VM's root file system is its container's.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from docker.models.containers import Container

from sandbox.engine import execute
from sandbox.oned.driver import Disk, DriverError, Image

MOUNT = PurePosixPath("/var/lib/one/datastores")  # in the bastion
MIB = 1024 * 1024
_QCOW2 = b"QFI\xfb"


def is_os(disk: Disk) -> bool:
    """Whether this is the disk the VM boots from, which is no file here."""
    return disk.image is not None and disk.image.type == "OS"


def disk_file(vm_id: int, disk: Disk) -> str:
    """The file of a VM's disk."""
    if disk.image is not None and disk.image.persistent:
        return image_file(disk.image.id)
    return f"vm-{vm_id}-disk-{disk.id}.img"


def image_file(image_id: int) -> str:
    """The file of an image."""
    return f"image-{image_id}.img"


def local_size(path: str) -> int:
    """Size in MiB of the raw image at `path` on this machine. Raises DriverError when it is none."""
    try:
        with Path(path).open("rb") as file:
            magic = file.read(4)
        size = Path(path).stat().st_size
    except OSError as error:
        raise DriverError(f"cannot access '{path}' ({error.strerror})") from error
    if magic == _QCOW2:
        raise DriverError(f"'{path}' is a qcow2 image; the sandbox takes raw ones (qemu-img convert -O raw)")
    return max(1, -(-size // MIB))


def create_image(bastion: Container, image: Image) -> None:
    """Make the image's file: empty, or with the content of its source. One that is there is kept.

    Raises DriverError for an OS image: the sandbox boots only those it comes with.
    """
    if image.type == "OS":
        raise DriverError(f"image {image.name}: the sandbox boots only its own OS images, not '{image.source}'")
    file = image_file(image.id)
    if _exists(bastion, file):
        return
    if image.source:
        local_size(image.source)
        bastion.put_archive(str(MOUNT), _tar(Path(image.source), f"{file}.part"))
    run(bastion, "truncate", "--size", f">{image.size}M" if image.source else f"{image.size}M", f"{file}.part")
    run(bastion, "mv", f"{file}.part", file)


def delete_image(bastion: Container, image_id: int) -> None:
    """Remove the image's file."""
    run(bastion, "rm", "-f", image_file(image_id), f"{image_file(image_id)}.part")


def prepare(bastion: Container, vm_id: int, disk: Disk) -> None:
    """Have the file of a VM's disk: made, cloned, or of a persistent image. What is there is kept."""
    file = disk_file(vm_id, disk)
    if _exists(bastion, file):
        return
    if disk.image is not None and disk.image.persistent:
        raise DriverError(f"image {disk.image.name}: its disk is gone from the sandbox's datastore")
    part = f"{file}.part"
    if disk.image is not None:
        run(bastion, "cp", "--sparse=always", image_file(disk.image.id), part)
        run(bastion, "truncate", "--size", f">{disk.size}M", part)
    else:
        run(bastion, "truncate", "--size", f"{disk.size}M", part)
        if disk.fs:
            run(bastion, *(("mkswap",) if disk.fs == "swap" else (f"mkfs.{disk.fs}", "-q")), part)
    run(bastion, "mv", part, file)


def grow(bastion: Container, vm_id: int, disk: Disk) -> None:
    """Grow the file of a VM's disk to the disk's size."""
    run(bastion, "truncate", "--size", f">{disk.size}M", disk_file(vm_id, disk))


def remove_disk(bastion: Container, vm_id: int, disk: Disk) -> None:
    """Remove a VM's disk, unless it is a persistent image."""
    if disk.image is None or not disk.image.persistent:
        run(bastion, "rm", "-f", f"vm-{vm_id}-disk-{disk.id}.img")


def remove_all(bastion: Container, vm_id: int) -> None:
    """Remove all disks of a VM but persistent images."""
    run(bastion, "find", ".", "-name", f"vm-{vm_id}-disk-*", "-delete")


def free(bastion: Container) -> tuple[int, int]:
    """Size and free space of the disk the datastore is on, in MiB."""
    size, available = run(bastion, "df", "-BM", "--output=size,avail", ".").splitlines()[1].replace("M", "").split()
    return int(size), int(available)


def run(bastion: Container, *command: str) -> str:
    """Run a command in the datastore's folder; a failure is a DriverError with its words."""
    code, text = execute(bastion, *command, workdir=str(MOUNT))
    if code:
        raise DriverError(f"{' '.join(command)}: {' '.join(text.split()) or f'exit status {code}'}")
    return text


def _exists(bastion: Container, file: str) -> bool:
    return execute(bastion, "test", "-e", file, workdir=str(MOUNT))[0] == 0


def _tar(source: Path, name: str) -> Iterator[bytes]:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = source.stat().st_size, 0o600
    yield entry.tobuf()
    left = entry.size
    with source.open("rb") as file:
        while left and (chunk := file.read(min(MIB, left))):
            left -= len(chunk)
            yield chunk
    yield bytes(-entry.size % tarfile.BLOCKSIZE + 2 * tarfile.BLOCKSIZE)
