"""Where a sandbox is, and what its things are called."""

from pathlib import Path

import pytest

from sandbox.place import Place, locate


def test_sandboxes_of_different_folders_share_no_docker_name(tmp_path: Path) -> None:
    places = [
        locate("dev", tmp_path / "clone-1"),
        locate("dev", tmp_path / "clone-2"),
        locate("e2e", tmp_path / "clone-1"),
    ]
    names = [name for place in places for name in (place.bastion, place.datastore, place.network(0), place.vm(0))]
    assert len(set(names)) == len(names)


def test_the_bastions_uplink_sorts_before_the_private_networks(tmp_path: Path) -> None:
    place = locate("dev", tmp_path)
    assert place.bastion < place.network(0)


def test_ports_are_found_again(tmp_path: Path) -> None:
    place = Place("dev", tmp_path / "dev", 2633, 2222)
    place.folder.mkdir()
    place.save()
    assert locate("dev", tmp_path) == place


@pytest.mark.parametrize("content", ["", "{", "[]", '{"api_port": "x", "bastion_port": 1}', '{"api_port": 1}'])
def test_a_damaged_state_is_a_sandbox_of_unknown_ports(tmp_path: Path, content: str) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev" / "ports.json").write_text(content)
    assert locate("dev", tmp_path) == Place("dev", tmp_path / "dev", 0, 0)


@pytest.mark.parametrize("name", ["", "Dev", "../dev", "a b", "-dev", "dev-", "a--b", "x" * 50, "dev\n"])
def test_a_name_that_cannot_be_part_of_a_containers_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="--name"):
        locate(name, tmp_path)
