"""docs/settings.md, written from the settings themselves:

python -m infra.settings_docs > docs/settings.md
"""

from __future__ import annotations

from pydantic.fields import FieldInfo

from infra.settings import SECTIONS, Section, SiteSettings
from infra.stack_config import allowed_values

INTRODUCTION = """\
# Settings

<!-- Written by `python -m infra.settings_docs > docs/settings.md`; edit infra/settings.py. -->

`pulumi config set KEY VALUE` sets one for the stack you are in; `Pulumi.<stack>.yaml` holds them. There, a key without
a namespace carries the project's name: `supernodes` is `flower-on-opennebula:supernodes`. `Pulumi.dev.yaml` is the
laptop's stack, `Pulumi.hospital.yaml` an example of a real cloud. All mistakes are reported together, before anything
is created.
"""


def document() -> str:
    """The whole file."""
    parts = [INTRODUCTION]
    for namespace, section in SECTIONS.items():
        parts.append(f"\n## {_title(namespace)}\n\n{_sentence(section)}\n\n")
        parts.append(_table(section, f"{namespace}:" if namespace else ""))
        if not namespace:
            parts.append(f"\n### Each of `sites`\n\n{_sentence(SiteSettings)}\n\n")
            parts.append(_table(SiteSettings, ""))
    return "".join(parts)


def _title(namespace: str) -> str:
    return f"`{namespace}`" if namespace else "The federation"


def _sentence(section: type[Section]) -> str:
    return " ".join((section.__doc__ or "").split())


def _table(section: type[Section], prefix: str) -> str:
    rows = ["| key | what it is | allowed | default |", "|---|---|---|---|"]
    for field in section.model_fields.values():
        rows.append(f"| `{prefix}{field.alias}` | {field.description} | {allowed_values(field)} | {_default(field)} |")
    return "\n".join(rows) + "\n"


def _default(field: FieldInfo) -> str:
    extra = field.json_schema_extra
    words = extra.get("shown_default") if isinstance(extra, dict) else None
    if words:
        return str(words)
    if field.is_required():
        return "none; it must be set"
    return "none" if field.default in (None, []) else f"`{field.default}`"


if __name__ == "__main__":
    print(document(), end="")
