"""remote.CopyToRemote puts files, texts and folders where the official plugin does."""

import os
import pwd
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2
from pulumi_provider_kit import Archive, Asset, Secret
from pulumi_provider_kit.codec import decode, encode

from tests.contract.command.conftest import SshServer
from tests.contract.plugin_process import Plugin, failing, urn

COPY = "command:remote:CopyToRemote"


def copy(plugin: Plugin, ssh: SshServer, source: Asset | Archive, target: Path | str) -> provider_pb2.CreateResponse:
    inputs = {"connection": Secret(ssh.connection()), "source": source, "remotePath": str(target)}
    return plugin.create(COPY, "copy", inputs)


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Files to copy."""
    folder = tmp_path / "here"
    (folder / "app" / "sub").mkdir(parents=True)
    (folder / "app" / "a.txt").write_text("a")
    (folder / "app" / "sub" / "b.txt").write_text("b ä")
    (folder / "app.tgz").write_text("not really")
    return folder


@pytest.fixture
def there(tmp_path: Path) -> Path:
    """Where to."""
    folder = tmp_path / "there"
    folder.mkdir()
    return folder


def test_the_id_is_eight_hex_digits_and_the_inputs_are_the_outputs(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    answer = copy(plugin, ssh, Asset(text="x"), there / "f")
    assert re.fullmatch(r"[0-9a-f]{8}", answer.id)
    outputs = decode(answer.properties)
    assert outputs == {
        "connection": Secret(ssh.connection()), "source": Asset(text="x"), "remotePath": str(there / "f")
    }  # fmt: skip


def test_a_text_becomes_a_file_and_parents_are_created(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    copy(plugin, ssh, Asset(text="a 'quoted'\nä"), there / "deep/er/file")
    assert tree(there) == {"deep/er/file": "a 'quoted'\nä"}


def test_a_relative_path_starts_in_the_users_home(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    copy(plugin, ssh, Asset(text="x"), os.path.relpath(there / "f", pwd.getpwuid(os.getuid()).pw_dir))
    assert tree(there) == {"f": "x"}


def test_a_shorter_text_leaves_nothing_of_a_longer_one(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    (there / "f").write_text("long ago")
    copy(plugin, ssh, Asset(text="now"), there / "f")
    assert tree(there) == {"f": "now"}


# source below `here`, what exists at the target, what is at the target's parent afterwards
PLACES: list[tuple[str, str, dict[str, str]]] = [
    ("app/a.txt", "nothing", {"target": "a"}),
    ("app/a.txt", "file", {"target": "a"}),
    ("app/a.txt", "folder", {"target/old": "old", "target/a.txt": "a"}),
    ("app", "nothing", {"target/app/a.txt": "a", "target/app/sub/b.txt": "b ä"}),
    ("app", "folder", {"target/old": "old", "target/app/a.txt": "a", "target/app/sub/b.txt": "b ä"}),
    ("app/", "nothing", {"target/a.txt": "a", "target/sub/b.txt": "b ä"}),
    ("app/", "folder", {"target/old": "old", "target/a.txt": "a", "target/sub/b.txt": "b ä"}),
    ("app.tgz", "nothing", {"target": "not really"}),
]


@pytest.mark.parametrize(("source", "before", "after"), PLACES, ids=[f"{row[0]} onto {row[1]}" for row in PLACES])
def test_files_and_folders_go_where_the_official_plugin_puts_them(
    plugin: Plugin, ssh: SshServer, here: Path, there: Path, source: str, before: str, after: Mapping[str, str]
) -> None:
    if before == "folder":
        (there / "target").mkdir()
        (there / "target" / "old").write_text("old")
    elif before == "file":
        (there / "target").write_text("older and longer")
    path = f"{here}/{source}"
    is_file = source == "app/a.txt"
    copy(plugin, ssh, Asset(path=path) if is_file else Archive(path=path), there / "target")
    assert tree(there) == after


def test_a_folder_may_be_copied_again(plugin: Plugin, ssh: SshServer, here: Path, there: Path) -> None:
    for _ in range(2):
        copy(plugin, ssh, Archive(path=f"{here}/app"), there / "target")
    assert tree(there) == {"target/app/a.txt": "a", "target/app/sub/b.txt": "b ä"}


def test_a_link_to_a_folder_is_refused_by_name(plugin: Plugin, ssh: SshServer, here: Path, there: Path) -> None:
    (here / "app" / "link").symlink_to(here)
    error = failing(lambda: copy(plugin, ssh, Archive(path=f"{here}/app"), there / "target"))
    assert "app/link is a link to a folder" in (error.details() or "")


def test_a_large_file_arrives_whole(plugin: Plugin, ssh: SshServer, here: Path, there: Path) -> None:
    (here / "large").write_bytes(bytes(range(256)) * 40_000)
    copy(plugin, ssh, Asset(path=str(here / "large")), there / "large")
    assert (there / "large").read_bytes() == (here / "large").read_bytes()


def test_a_folder_onto_a_file_is_refused(plugin: Plugin, ssh: SshServer, here: Path, there: Path) -> None:
    (there / "target").write_text("")
    error = failing(lambda: copy(plugin, ssh, Archive(path=f"{here}/app"), there / "target"))
    assert f"{there}/target is a file" in (error.details() or "")


def test_a_text_onto_a_folder_is_refused(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    assert f"{there} is a folder" in (failing(lambda: copy(plugin, ssh, Asset(text="x"), there)).details() or "")


def test_a_source_that_is_not_there_is_named(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    error = failing(lambda: copy(plugin, ssh, Asset(path="/nowhere/f"), there / "f"))
    assert "cannot copy /nowhere/f to 127.0.0.1" in (error.details() or "")


@pytest.mark.parametrize("source", [Asset(uri="https://example.org/f"), Archive(assets={"a": Asset(text="x")})])
def test_sources_that_are_not_here_are_refused_before_anything_is_made(plugin: Plugin, source: Asset | Archive) -> None:
    news = encode({"connection": {"host": "h"}, "source": source, "remotePath": "/f"})
    answer = plugin.client.Check(provider_pb2.CheckRequest(urn=urn(COPY, "copy"), news=news))
    assert [failure.property for failure in answer.failures] == ["source"]


@pytest.mark.parametrize(
    ("old_hash", "old_name", "copied"),
    [("h1", "f", False), ("h0", "f", True), ("h1", "g", True)],
    ids=["same", "another hash", "another path"],
)
def test_an_update_copies_again_if_hash_or_path_changed(
    plugin: Plugin, ssh: SshServer, there: Path, old_hash: str, old_name: str, copied: bool
) -> None:
    inputs: dict[str, Any] = {
        "connection": Secret(ssh.connection()), "source": Asset("h1", text="x"), "remotePath": str(there / "f")
    }  # fmt: skip
    old = {**inputs, "source": Asset(old_hash, text="x"), "remotePath": str(there / old_name)}
    request = provider_pb2.UpdateRequest(
        urn=urn(COPY, "copy"), id="1", old_inputs=encode(old), olds=encode(old), news=encode(inputs)
    )
    plugin.client.Update(request)
    assert (there / "f").exists() is copied


def test_triggers_replace(plugin: Plugin) -> None:
    request = provider_pb2.DiffRequest(
        urn=urn(COPY, "copy"), old_inputs=encode({"triggers": ["a"]}), news=encode({"triggers": ["b"]})
    )
    assert list(plugin.client.Diff(request).replaces) == ["triggers[0]"]


def test_deleting_leaves_the_files(plugin: Plugin, ssh: SshServer, there: Path) -> None:
    answer = copy(plugin, ssh, Asset(text="x"), there / "f")
    plugin.client.Delete(provider_pb2.DeleteRequest(urn=urn(COPY, "copy"), id=answer.id, properties=answer.properties))
    assert tree(there) == {"f": "x"}
