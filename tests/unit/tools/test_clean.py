from pathlib import Path

import pytest

from tools.clean import forget_salt

SALT = "encryptionsalt: v1:abc=:v1:def:ghi==\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"config:\n  a:b: c\n{SALT}", "config:\n  a:b: c\n", id="the salt of a stack without secrets goes"
        ),
        pytest.param(f"config:\n  a:b:\n    secure: v1:x\n{SALT}", None, id="secrets keep the salt they need"),
        pytest.param("config:\n  a:b: c\n", None, id="settings without a salt stay"),
    ],
)
def test_forgetting_a_stacks_salt(tmp_path: Path, before: str, after: str | None) -> None:
    settings = tmp_path / "Pulumi.dev.yaml"
    settings.write_text(before)
    forget_salt(settings)
    assert settings.read_text() == (after if after is not None else before)
