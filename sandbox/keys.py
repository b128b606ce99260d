"""The secrets of a sandbox, made once and kept in its state folder: password, deployer's key, bastion's host key."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from sandbox.place import Place


def ensure(place: Place) -> None:
    """Make what is missing, and pin the bastion's key in `known_hosts`."""
    if not place.one_auth.exists():
        write_private(place.one_auth, f"oneadmin:{secrets.token_urlsafe(24)}\n")
    for key in (place.private_key, place.bastion_key):
        if not (key.exists() and public_half(key).exists()):
            _make_key(key, comment="deployer" if key == place.private_key else "bastion")
    line = f"[127.0.0.1]:{place.bastion_port} {public_half(place.bastion_key).read_text()}"
    if not place.known_hosts.exists() or place.known_hosts.read_text() != line:
        write_private(place.known_hosts, line)


def public_half(key: Path) -> Path:
    """Where the public key of a private one is."""
    return key.with_name(f"{key.name}.pub")


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads; it is there whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    part.replace(path)


def _make_key(path: Path, comment: str) -> None:
    import asyncssh  # slow to import, and needed once

    key = asyncssh.generate_private_key("ssh-ed25519", comment=comment)
    write_private(path, key.export_private_key().decode())
    write_private(public_half(path), key.export_public_key().decode())
