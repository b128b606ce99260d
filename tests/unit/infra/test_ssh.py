"""Keys of the deployer and of hosts."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from infra import ssh


def public(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


ED25519, ECDSA = public(Ed25519PrivateKey.generate()), public(ec.generate_private_key(ec.SECP256R1()))


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8])
def test_the_public_half_is_computed_from_any_format_of_the_private_key(tmp_path: Path, form: PrivateFormat) -> None:
    key = rsa.generate_private_key(65537, 2048)
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    assert ssh.read_private_key(tmp_path / "key").public == public(key)


def test_a_key_with_a_passphrase_is_refused_with_the_reason(tmp_path: Path) -> None:
    secret = BestAvailableEncryption(b"secret")
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret)
    (tmp_path / "key").write_bytes(key)
    with pytest.raises(ValueError, match="it has a passphrase"):
        ssh.read_private_key(tmp_path / "key")


def test_a_host_on_another_port_is_found_by_its_bracketed_name(tmp_path: Path) -> None:
    (tmp_path / "known").write_text(f"[one.example]:2222 {ED25519}\none.example {ECDSA}\n")
    assert ssh.known_host_key(tmp_path / "known", "one.example", 2222) == ED25519
    assert ssh.known_host_key(tmp_path / "known", "one.example", 22) == ECDSA


def test_of_several_keys_the_one_is_pinned_that_the_client_will_ask_for(tmp_path: Path) -> None:
    (tmp_path / "known").write_text(f"one.example {ED25519}\none.example {ECDSA}\n")
    assert ssh.known_host_key(tmp_path / "known", "one.example", 22) == ECDSA


def test_hashed_names_are_found(tmp_path: Path) -> None:
    import base64
    import hmac

    salt = b"0123456789abcdef0123"
    digest = hmac.digest(salt, b"one.example", "sha1")
    name = f"|1|{base64.b64encode(salt).decode()}|{base64.b64encode(digest).decode()}"
    (tmp_path / "known").write_text(f"{name} {ED25519}\n")
    assert ssh.known_host_key(tmp_path / "known", "one.example", 22) == ED25519
