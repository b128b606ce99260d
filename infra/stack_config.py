"""From the stack's configuration to `Settings`: every mistake found at once, before anything is created."""

from __future__ import annotations

import contextlib
import difflib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast, get_args, get_origin

import pulumi
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from infra import settings_rules
from infra.settings import (
    SECTIONS,
    Bastion,
    FederationSettings,
    MachineSettings,
    Network,
    OpenNebula,
    Section,
    Settings,
    Ssh,
    SuperLinkSettings,
    SuperNodeSettings,
)
from infra.settings_rules import Mistake

# The CLI keeps settings of its own in this namespace (pulumi:tags, ...).
FOREIGN_NAMESPACES = {"pulumi"}
SECRET_KEYS = {"opennebula:password"}


class SettingsError(pulumi.RunError):
    """The settings cannot be used. The message lists every mistake: key, value, what is allowed."""

    def __init__(self, mistakes: list[Mistake], stack: str) -> None:
        self.mistakes = mistakes
        count = "1 setting" if len(mistakes) == 1 else f"{len(mistakes)} settings"
        lines = [f"{count} of stack {stack} cannot be used; nothing was created or changed."]
        lines += [f"  {mistake}" for mistake in mistakes]
        lines.append(
            f"Correct Pulumi.{stack}.yaml, or use `pulumi config set KEY VALUE`. docs/settings.md lists all keys."
        )
        super().__init__("\n".join(lines))


def load(
    config: Mapping[str, str],
    *,
    project: str,
    stack: str,
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Settings:
    """Check `config` (full key -> text, as the engine hands it over) and return it typed.

    Files are looked for relative to `folder` (default: the working directory). Raises `SettingsError`.
    """
    raw, mistakes = _sort(config, project)
    sections: dict[str, Section | None] = {}
    for namespace, model in SECTIONS.items():
        if model is Bastion and not raw[namespace]:
            continue
        sections[namespace], found = _validate(namespace, model, raw[namespace])
        mistakes += found
    valid = settings_rules.Sections(
        federation=cast("FederationSettings | None", sections[""]),
        opennebula=cast("OpenNebula | None", sections["opennebula"]),
        network=cast("Network | None", sections["network"]),
        bastion=cast("Bastion | None", sections.get("bastion")),
        has_bastion="bastion" in sections,
        ssh=cast("Ssh | None", sections["ssh"]),
        machine=cast("MachineSettings | None", sections["machine"]),
        superlink=cast("SuperLinkSettings | None", sections["superlink"]),
        supernode=cast("SuperNodeSettings | None", sections["supernode"]),
    )
    mistakes += settings_rules.broken(valid, environment, folder or Path.cwd())
    if mistakes:
        raise SettingsError(mistakes, stack)
    return valid.settings()


def of_this_stack() -> dict[str, str]:
    """All keys of the running program's stack, in whatever namespace, secrets in clear."""
    return {**json.loads(os.environ.get("PULUMI_CONFIG") or "{}"), **pulumi.runtime.config.CONFIG.get()}


def allowed_values(field: FieldInfo) -> str:
    """What `field` may be, in words."""
    extra = field.json_schema_extra
    words = extra.get("allowed") if isinstance(extra, dict) else None
    if words:
        return str(words)
    bounds = {name: getattr(item, name) for item in field.metadata for name in ("ge", "le") if hasattr(item, name)}
    whole = int in _types(field.annotation)
    return f"a {'whole ' if whole else ''}number from {bounds['ge']} to {bounds['le']}"


def _sort(config: Mapping[str, str], project: str) -> tuple[dict[str, dict[str, str]], list[Mistake]]:
    """Values by namespace and name; keys of a namespace that does not exist are mistakes."""
    raw: dict[str, dict[str, str]] = {namespace: {} for namespace in SECTIONS}
    mistakes: list[Mistake] = []
    for key, value in sorted(config.items()):
        namespace, _, name = key.partition(":")
        if namespace == project:
            raw[""][name] = value
        elif namespace in SECTIONS:
            raw[namespace][name] = value
        elif namespace not in FOREIGN_NAMESPACES:
            mistakes.append(Mistake(key, value, _unknown(key)))
    return raw, mistakes


def _validate(namespace: str, model: type[Section], raw: Mapping[str, str]) -> tuple[Section | None, list[Mistake]]:
    prefix = f"{namespace}:" if namespace else ""
    values: dict[str, Any] = {}
    mistakes: list[Mistake] = []
    fields = {field.alias: field for field in model.model_fields.values()}
    for name, text in raw.items():
        field = fields.get(name)
        values[name] = text
        if field is not None and list in _types(field.annotation):
            with contextlib.suppress(ValueError):  # not a list, which pydantic reports
                values[name] = json.loads(text)
    try:
        return model.model_validate(values), mistakes
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_context=False):
            mistakes.append(_mistake(prefix, model, problem["loc"], problem["type"], problem["input"]))
        return None, mistakes


def _mistake(prefix: str, model: type[Section], place: tuple[int | str, ...], kind: str, value: Any) -> Mistake:
    key = prefix
    field: FieldInfo | None = None
    inner: type[Section] | None = model
    for part in place:
        if isinstance(part, int):
            key += f"[{part}]"
            continue
        key += part if key == prefix else f".{part}"
        field = {f.alias: f for f in inner.model_fields.values()}.get(part) if inner else None
        inner = (
            next((t for t in _types(field.annotation) if isinstance(t, type) and issubclass(t, Section)), None)
            if field
            else None
        )
    if kind == "extra_forbidden":
        return Mistake(key, value, _unknown(key))
    assert field is not None  # noqa: S101  # every other kind of error is one of a field
    if kind == "missing":
        return Mistake(key, None, f"it must be {allowed_values(field)}")
    return Mistake(key, "(secret)" if key in SECRET_KEYS else value, f"allowed is {allowed_values(field)}")


def _unknown(key: str) -> str:
    known = list(_all_keys())
    plain = "".join(part for part in key if not part.isdigit()).replace("[]", "[N]")
    close = difflib.get_close_matches(plain, known, n=1, cutoff=0.6)
    return "there is no such setting" + (f"; did you mean {close[0]}?" if close else "")


def _all_keys() -> Iterator[str]:
    for namespace, model in SECTIONS.items():
        prefix = f"{namespace}:" if namespace else ""
        for field in model.model_fields.values():
            yield f"{prefix}{field.alias}"
            if inner := _section_of(field):
                yield from (f"{prefix}{field.alias}[N].{part.alias}" for part in inner.model_fields.values())


def _section_of(field: FieldInfo) -> type[Section] | None:
    """The section that `field` is a list of."""
    return next((t for t in _types(field.annotation) if isinstance(t, type) and issubclass(t, Section)), None)


def _types(annotation: Any) -> Iterator[Any]:
    """Every type that `annotation` is made of, e.g. list, Site and None of `list[Site] | None`."""
    yield get_origin(annotation) or annotation
    for argument in get_args(annotation):
        yield from _types(argument)
