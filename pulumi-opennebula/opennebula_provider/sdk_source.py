"""Pieces of Python source that the SDK's files are made of: classes, signatures, docstrings."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from .properties import Property, documentation, properties


def args_class(name: str, defined: type) -> str:
    """The Args class of a defined class: what a program may give."""
    fields = list(properties(defined))
    parts = [f'"""{doc(documentation(defined), 4)}"""']
    sets = [
        f'pulumi.set(self, "{prop.name}", {prop.name})'
        if prop.required
        else f'if {prop.name} is not None:\n    pulumi.set(self, "{prop.name}", {prop.name})'
        for prop in fields
    ]
    parts.append(
        f"def __init__(\n    self, {parameters(fields, separator=True)}\n) -> None:\n"
        + indent([f'"""{doc(argument_docs("Set the properties.", fields), 4)}"""', *sets])
    )
    for prop in fields:
        # The getter's type is what Pulumi's runtime finds the names in dictionaries by; it must name the class alone.
        typ = f"pulumi.Input[{_input_value(prop, '{0}Args')}]" + ("" if prop.required else " | None")
        parts.append(getter(prop, typ))
        parts.append(
            f"@{prop.name}.setter\ndef {prop.name}(self, value: {typ}) -> None:\n"
            f'    pulumi.set(self, "{prop.name}", value)'
        )
    return f"@pulumi.input_type\nclass {name}:\n" + indent(parts, separator="\n\n")


def output_class(name: str, defined: type, outputs: str = "") -> str:
    """The class of results of a defined class; `outputs` is the prefix of nested ones."""
    fields = list(properties(defined))
    parts = [f'"""{doc(documentation(defined), 4)}"""']
    arguments = ", ".join(
        f"{prop.name}: {output_annotation(prop, outputs)}" + (" = None" if prop.optional else "")
        for prop in sorted(fields, key=lambda prop: prop.optional)
    )
    parts.append(
        f"def __init__(self, *, {arguments}) -> None:\n"
        + indent(['"""Set the properties."""', *[f'pulumi.set(self, "{prop.name}", {prop.name})' for prop in fields]])
    )
    parts += [getter(prop, output_annotation(prop, outputs)) for prop in fields]
    return f"@pulumi.output_type\nclass {name}:\n" + indent(parts, separator="\n\n")


def getter(prop: Property, typ: str) -> str:
    """A property that reads what Pulumi keeps under its name."""
    unquoted = typ.replace('"', "")
    named = f'@pulumi.getter(name="{prop.wire_name}")' if prop.wire_name != prop.name else "@pulumi.getter"
    return (
        f"@property\n{named}\ndef {prop.name}(self) -> {typ}:\n"
        f'    """{doc(prop.rule.doc, 4)}"""\n    value: {unquoted} = pulumi.get(self, "{prop.name}")\n    return value'
    )


def parameters(props: Iterable[Property], separator: bool = False) -> str:
    """Keyword parameters for the properties, the required ones first."""
    ordered = sorted(props, key=lambda prop: not prop.required)
    parts = [f"{prop.name}: {input_annotation(prop)}" + ("" if prop.required else " | None = None") for prop in ordered]
    return ", ".join([*(["*"] if separator else []), *parts, ""])


def passed(props: Iterable[Property]) -> str:
    """Parameters handed on as arguments of the same names."""
    return ", ".join(f"{prop.name}={prop.name}" for prop in props)


def input_annotation(prop: Property) -> str:
    """A property's type as an argument."""
    return f"pulumi.Input[{_input_value(prop)}]"


def _input_value(prop: Property, nested: str = "{0}Args | {0}ArgsDict") -> str:
    one = f'"{nested.format(prop.kind.__name__)}"' if prop.nested else prop.kind.__name__
    if prop.container is list:
        return f"Sequence[pulumi.Input[{one}]]"
    if prop.container is dict:
        return f"Mapping[str, pulumi.Input[{one}]]"
    return one


def output_annotation(prop: Property, outputs: str = "", always: bool = False) -> str:
    """A property's type as a result; `always` where it is never None."""
    name = f'"{outputs}{prop.kind.__name__}"' if prop.nested else prop.kind.__name__
    if prop.container is list:
        name = f"Sequence[{name}]"
    elif prop.container is dict:
        name = f"Mapping[str, {name}]"
    elif prop.optional and not always:
        name = f'{name[:-1]} | None"' if prop.nested else f"{name} | None"
    return name


def argument_docs(summary: str, props: Iterable[Property]) -> str:
    """A docstring that explains the properties as parameters."""
    return summary + "\n\n" + "\n".join(f":param {prop.name}: {prop.rule.doc}" for prop in props) + "\n"


def doc(text: str, columns: int) -> str:
    """A docstring, wrapped for that indentation."""
    wrapped = []
    for line in text.split("\n"):
        hanging = "    " if line.startswith(":param") else ""
        wrapped += textwrap.wrap(line, 112 - columns, subsequent_indent=hanging) or [""]
    return ("\n" + " " * columns).join(wrapped).replace("\n" + " " * columns + "\n", "\n\n")


def indent(parts: Iterable[str], separator: str = "\n") -> str:
    """The parts one after the other, a level deeper."""
    return textwrap.indent(separator.join(parts), "    ")
