"""SSH as the deployer uses it: its key, the bastion, and connections whose host keys are pinned.

A host can have several keys, and the client says which it wants. pulumi-command accepts the one given to it alone and
leaves the choice to Go's SSH library, which asks for ECDSA before RSA before Ed25519: whatever key is pinned must be
the one that this order leads to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_command as command
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from infra.settings import Bastion, Settings, located

KEY_TYPES = ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa", "ssh-ed25519")
"""Types of host keys, in the order in which they are asked for."""

MACHINE_USER = "root"


@dataclass(frozen=True)
class PrivateKey:
    """An SSH key: `private` is the file's text, `public` one line of authorized_keys."""

    private: str
    public: str


@dataclass(frozen=True)
class Access:
    """How the deployer gets to machines: with which key, and through which bastion (None: directly)."""

    key: PrivateKey
    key_file: str
    bastion: Bastion | None
    bastion_key: str | None

    def to_machine(self, address: str, host_key: pulumi.Input[str]) -> command.remote.ConnectionArgs:
        """A connection to a machine that proves to have `host_key`."""
        proxy = None
        if self.bastion is not None:
            proxy = command.remote.ProxyConnectionArgs(
                host=self.bastion.host,
                port=self.bastion.port,
                user=self.bastion.user,
                private_key=pulumi.Output.secret(self.key.private),
                host_key=self.bastion_key,
            )
        return command.remote.ConnectionArgs(
            host=address,
            user=MACHINE_USER,
            private_key=pulumi.Output.secret(self.key.private),
            host_key=host_key,
            proxy=proxy,
        )

    def to_bastion(self) -> command.remote.ConnectionArgs:
        """A connection to the bastion itself."""
        assert self.bastion is not None  # noqa: S101
        return command.remote.ConnectionArgs(
            host=self.bastion.host,
            port=self.bastion.port,
            user=self.bastion.user,
            private_key=pulumi.Output.secret(self.key.private),
            host_key=self.bastion_key,
        )

    def bastion_known_host(self) -> str:
        """The bastion's line of known_hosts; empty without a bastion."""
        if self.bastion is None:
            return ""
        return f"{known_hosts_name(self.bastion.host, self.bastion.port)} {self.bastion_key}\n"


def access(settings: Settings, folder: Path) -> Access:
    """The deployer's access by `settings`, whose files are relative to `folder`."""
    bastion = settings.bastion
    bastion_key = None
    if bastion is not None:
        bastion_key = known_host_key(located(bastion.known_hosts, folder), bastion.host, bastion.port)
    key_file = settings.ssh.private_key_file
    key = read_private_key(located(key_file, folder))
    return Access(key=key, key_file=key_file, bastion=bastion, bastion_key=bastion_key)


def read_private_key(path: Path) -> PrivateKey:
    """The key in `path`, OpenSSH or PEM, without passphrase. Raises ValueError that says what is wrong."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror}); `ssh-keygen -t ed25519` makes a key") from None
    load = load_ssh_private_key if b"BEGIN OPENSSH PRIVATE KEY" in data else load_pem_private_key
    try:
        key = load(data, password=None)
    except TypeError:
        raise ValueError("it has a passphrase; deployments need a key of their own without one") from None
    except Exception:  # whatever the many formats make the library raise
        raise ValueError("it is not a private key in OpenSSH or PEM format") from None
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    return PrivateKey(private=data.decode(), public=public.decode())


def known_host_key(path: Path, host: str, port: int) -> str:
    """The key that `host` is known by in `path`, as `type base64`. Raises ValueError that says what is wrong."""
    import asyncssh  # here, because it takes a quarter of a second and most runs of the tests do without it

    scan = f"`ssh-keyscan -p {port} {host}` shows its keys; compare one before you add it"
    try:
        entries = asyncssh.read_known_hosts(str(path))
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror}); {scan}") from None
    except ValueError as error:
        raise ValueError(f"it is not a known_hosts file ({error})") from None
    found, *_ = asyncssh.match_known_hosts(entries, host, "", port)
    keys = [key.export_public_key("openssh").decode().split()[:2] for key in found]
    for kind in KEY_TYPES:
        for name, value in keys:
            if name == kind:
                return f"{name} {value}"
    raise ValueError(f"it has no key of {known_hosts_name(host, port)}; {scan}")


def known_hosts_name(host: str, port: int = 22) -> str:
    """How known_hosts spells a host."""
    return host if port == 22 else f"[{host}]:{port}"
