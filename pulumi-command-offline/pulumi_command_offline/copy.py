"""Files and folders to another machine, over SFTP."""

import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import asyncssh
from pulumi_provider_kit import UNKNOWN, Archive, Asset, CheckFailure, Operation, Properties, Resource, UserError

from .command import run_until_cancelled
from .ssh import connected


class CopyToRemote(Resource):
    """A copy is made on create, and again when the source's content or the remote path changes; nothing deletes it."""

    def check(
        self, operation: Operation, old_inputs: Properties, inputs: Properties
    ) -> tuple[Properties, list[CheckFailure]]:
        """Only what is on this machine can be copied: files, folders, archive files as they are, and texts."""
        source = inputs["source"]
        usable = source is UNKNOWN or source.path is not None or (isinstance(source, Asset) and source.text is not None)
        reason = "must be a FileAsset, a StringAsset or a FileArchive: what is elsewhere cannot be copied"
        return inputs, [] if usable else [CheckFailure("source", reason)]

    def create(self, operation: Operation, inputs: Properties) -> tuple[str, Properties]:
        """Copy."""
        run_until_cancelled(operation, _copy(operation, inputs))
        return secrets.token_hex(4), inputs

    def update(
        self, operation: Operation, id: str, old_inputs: Properties, old_outputs: Properties, inputs: Properties
    ) -> Properties:
        """Copy again if the content or the path is another."""
        old = old_outputs.get("source")
        if old is None or old.hash != inputs["source"].hash or old_outputs["remotePath"] != inputs["remotePath"]:
            run_until_cancelled(operation, _copy(operation, inputs))
        return inputs


async def _copy(operation: Operation, inputs: Properties) -> None:
    source: Asset | Archive = inputs["source"]
    target, peer = inputs["remotePath"], inputs["connection"]["host"]
    async with connected(operation, inputs["connection"]) as connection:
        try:
            async with connection.start_sftp_client() as sftp:
                await sftp.makedirs(str(PurePosixPath(target).parent), exist_ok=True)
                if isinstance(source, Asset) and source.text is not None:
                    await _write(sftp, source.text, target)
                else:
                    await _put(operation, sftp, str(source.path), target)
        except (OSError, asyncssh.Error) as error:
            raise UserError(f"cannot copy {source.path or 'the text'} to {peer}:{target}: {error}") from error


async def _write(sftp: asyncssh.SFTPClient, text: str, target: str) -> None:
    if await sftp.isdir(target):
        raise UserError(f"remotePath {target} is a folder there; a text needs the path of a file")
    async with sftp.open(target, "w", encoding="utf-8") as file:
        await file.write(text)


async def _put(operation: Operation, sftp: asyncssh.SFTPClient, source: str, target: str) -> None:
    """Copy a file or folder to where the official plugin would.

    A file goes into an existing folder, else to the path itself. The folder `dir` becomes `target/dir`; the contents of
    `dir/`, with a slash, go into the target.
    """
    into = PurePosixPath(target)
    is_folder = Path(source).is_dir()
    if is_folder and await sftp.exists(target) and not await sftp.isdir(target):
        raise UserError(f"remotePath {target} is a file there, and {source} is a folder")
    progress = _progress(operation, source)
    if not is_folder:
        place = into / Path(source).name if await sftp.isdir(target) else into
        await sftp.put(source, str(place), follow_symlinks=True, progress_handler=progress)
        return
    if not source.endswith("/"):
        into = into / Path(source).name
    for folder, folders, files in os.walk(source):
        place = into / Path(folder).relative_to(source)
        await sftp.makedirs(str(place), exist_ok=True)
        if links := [name for name in folders if Path(folder, name).is_symlink()]:
            raise UserError(f"{folder}/{links[0]} is a link to a folder; links to folders are not copied")
        for name in files:
            await sftp.put(str(Path(folder, name)), str(place / name), follow_symlinks=True, progress_handler=progress)


def _progress(operation: Operation, source: str) -> Callable[[bytes, bytes, int, int], None]:
    """A progress line a second for what takes longer than that."""
    last = time.monotonic()

    def report(path: bytes, _target: bytes, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= 1 and total:
            last = time.monotonic()
            name = path.decode(errors="replace") or source
            operation.status(f"copying {name}: {done / total:.0%} of {total / 1e6:.1f} MB")

    return report
