"""What the container driver decides before it asks Docker."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from sandbox.containers import datastore, networks
from sandbox.oned.driver import Disk, DriverError, Image

DATA = Image(3, "data", "DATABLOCK", "", 64, persistent=True)
MODEL = Image(4, "model", "DATABLOCK", "", 64, persistent=False)
SYSTEM = Image(0, "debian-13", "OS", "debian-13", 4096, persistent=False)


@pytest.mark.parametrize(
    ("disk", "file"),
    [
        (Disk(1, "vdb", 64, DATA), "image-3.img"),
        (Disk(1, "vdb", 64, MODEL), "vm-7-disk-1.img"),
        (Disk(2, "vdc", 64, None), "vm-7-disk-2.img"),
    ],
)
def test_only_a_persistent_images_disk_is_the_image_itself(disk: Disk, file: str) -> None:
    assert datastore.disk_file(7, disk) == file


def test_the_disk_to_boot_from_is_the_one_with_an_os_image() -> None:
    assert datastore.is_os(Disk(0, "vda", 4096, SYSTEM))
    assert not datastore.is_os(Disk(1, "vdb", 64, DATA))
    assert not datastore.is_os(Disk(2, "vdc", 64, None))


@pytest.mark.parametrize(("size", "mib"), [(1, 1), (1 << 20, 1), ((1 << 20) + 1, 2)])
def test_the_size_of_an_image_is_in_mib_rounded_up(tmp_path: Path, size: int, mib: int) -> None:
    (tmp_path / "data.img").write_bytes(bytes(size))
    assert datastore.local_size(str(tmp_path / "data.img")) == mib


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file or directory"), (b"QFI\xfb" + bytes(100), "qemu-img convert -O raw")]
)
def test_an_image_that_cannot_be_used_is_refused_with_its_path(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "data.img"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DriverError, match=said) as refused:
        datastore.local_size(str(path))
    assert str(path) in str(refused.value)


def test_the_first_address_is_the_bastions_and_the_second_dockers() -> None:
    subnet = IPv4Network("172.16.100.0/24")
    assert str(networks.front_end_address(subnet)) == "172.16.100.1"
    assert str(networks.docker_address(subnet)) == "172.16.100.2"
