"""The provider's settings: where they come from, what is wrong with them, and whether OpenNebula accepts them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pulumi_provider_kit import CheckFailure, UserError, has_unknown

from .client import Client, OneError
from .definitions import Provider
from .properties import read

OLDEST = (6, 8)
_DEFAULT_AUTH_FILE = "~/.one/one_auth"


def check(config: dict[str, Any]) -> list[CheckFailure]:
    """All that is wrong with the settings, as far as they are known."""
    if has_unknown(config):
        return []
    settings: Provider = read(Provider, config)
    failures = []
    if not _endpoint(settings):
        failures.append(
            CheckFailure(
                "endpoint",
                "is required: the address of OpenNebula's XML-RPC interface, such as http://frontend:2633/RPC2; "
                "set it with `pulumi config set opennebula:endpoint ADDRESS` or in ONE_XMLRPC",
            )
        )
    elif (parts := urlsplit(_endpoint(settings))).username or parts.password:
        failures.append(CheckFailure("endpoint", "must not hold credentials; they are username and password"))
    elif parts.scheme not in ("http", "https") or not parts.hostname:
        failures.append(CheckFailure("endpoint", f"must be an http or https address, not {_endpoint(settings)!r}"))
    if settings.ca_bundle and not Path(settings.ca_bundle).expanduser().is_file():
        failures.append(CheckFailure("caBundle", f"there is no file {settings.ca_bundle!r}"))
    try:
        _credentials(settings)
    except UserError as error:
        failures.append(CheckFailure("username", str(error)))
    return failures


def connect(config: dict[str, Any]) -> tuple[Client, str]:
    """A client that has been tried out, and the version of OpenNebula that answered.

    Raises:
        UserError: OpenNebula cannot be reached or does not accept the user.
    """
    settings: Provider = read(Provider, config)
    username, password, source = _credentials(settings)
    bundle = str(Path(settings.ca_bundle).expanduser()) if settings.ca_bundle else None
    client = Client(_endpoint(settings), username, password, bundle)
    try:
        version = str(client.call_once("system.version"))
        client.call_once("user.info", -1)
    except OneError as error:
        if error.code != 0x0100:
            raise
        raise UserError(
            f"OpenNebula at {client.endpoint} does not accept user {username!r} with the password from {source}; "
            "check opennebula:username and opennebula:password, or opennebula:authFile"
        ) from None
    return client, version


def too_old(version: str) -> bool:
    """Whether it is older than the oldest OpenNebula that this provider was made for."""
    numbers = [int(part) for part in version.split(".")[:2] if part.isdigit()]
    return len(numbers) == 2 and tuple(numbers) < OLDEST


def _endpoint(settings: Provider) -> str:
    return (settings.endpoint or os.environ.get("ONE_XMLRPC", "")).strip()


def _credentials(settings: Provider) -> tuple[str, str, str]:
    """User name, password, and where they are from."""
    if settings.username and settings.password:
        return settings.username, settings.password, "opennebula:password"
    if settings.username or settings.password:
        missing = "password" if settings.username else "username"
        raise UserError(f"opennebula:{missing} is missing: username and password are set together, or neither")
    named = settings.auth_file or os.environ.get("ONE_AUTH") or _DEFAULT_AUTH_FILE
    path = Path(named).expanduser()
    try:
        line = path.read_text().strip()
    except OSError as error:
        raise UserError(
            f"no credentials: neither opennebula:username and opennebula:password are set, nor can {named} be read "
            f"({error.strerror}); opennebula:authFile or ONE_AUTH names a file that holds `user:password`"
        ) from None
    username, colon, password = line.partition(":")
    if not (username and colon and password):
        raise UserError(f"the file {named} must hold one line `user:password`")
    return username, password, named
