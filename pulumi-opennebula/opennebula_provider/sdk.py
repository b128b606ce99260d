"""The Python SDK, written from the definitions: `python3 -m opennebula_provider.sdk` writes `pulumi_opennebula/`.

Only `_utilities.py` there is written by hand. The SDK has the shape of those that Pulumi's own generator writes (Args
classes and dictionaries, resources with typed outputs, `get_x` and `get_x_output`), so that what is written about those
holds for it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterable
from pathlib import Path

from . import VERSION
from .definitions import FUNCTIONS, RESOURCES, Definition, Provider
from .properties import Property, documentation, nested_types, properties

SDK = Path(__file__).parent.parent / "pulumi_opennebula"

_HEADER = """\
# Written by `python3 -m opennebula_provider.sdk` from opennebula_provider/definitions.py; edit that.
# mypy: disable-error-code="no-any-return"
"""


def render() -> dict[str, str]:
    """The SDK's files, formatted: name to text."""
    files = {
        "__init__.py": _package(),
        "_inputs.py": _inputs(),
        "outputs.py": _outputs(),
        "provider.py": _provider(),
    }
    for resource in RESOURCES:
        files[f"{snake_case(resource.name)}.py"] = _resource(resource)
    for function in FUNCTIONS:
        files[f"{snake_case(function.name)}.py"] = _function(function)
    formatted = _format({name: _HEADER + text for name, text in files.items()})
    plugin = {"resource": True, "name": "opennebula", "version": VERSION}
    return {**formatted, "pulumi-plugin.json": json.dumps(plugin, indent=2) + "\n", "py.typed": ""}


def main() -> None:
    """Write the files."""
    SDK.mkdir(exist_ok=True)
    for name, text in render().items():
        (SDK / name).write_text(text)


def snake_case(name: str) -> str:
    """`VirtualNetwork` as `virtual_network`."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


# --- files ------------------------------------------------------------------------------------------------------------


def _package() -> str:
    imports = [
        "from . import outputs",
        "from ._inputs import " + ", ".join(_all_names("{0}Args", "{0}ArgsDict", of=_input_types())),
        "from .provider import Provider, ProviderArgs",
    ]
    exported = ["outputs", "Provider", "ProviderArgs", *_all_names("{0}Args", "{0}ArgsDict", of=_input_types())]
    for resource in RESOURCES:
        imports.append(f"from .{snake_case(resource.name)} import {resource.name}, {resource.name}Args")
        exported += [resource.name, f"{resource.name}Args"]
    for function in FUNCTIONS:
        name, result = snake_case(function.name), _result(function)
        imports.append(f"from .{name} import {result}, Awaitable{result}, {name}, {name}_output")
        exported += [result, f"Awaitable{result}", name, f"{name}_output"]
    classes = {resource.token: resource.name for resource in RESOURCES}
    return f'''
"""OpenNebula for Pulumi: networks, security groups, images, virtual machines."""

{_lines(imports)}
from ._utilities import register

__all__ = {sorted(exported)!r}

register(__name__, {classes!r})
'''


def _inputs() -> str:
    parts = [
        '"""Nested inputs of the resources."""',
        "from collections.abc import Mapping, Sequence\nfrom typing import NotRequired, TypedDict\n\nimport pulumi",
    ]
    for defined in _input_types():
        fields = [
            f"{prop.name}: " + (_input(prop) if prop.required else f"NotRequired[{_input(prop)}]")
            for prop in properties(defined)
        ]
        parts.append(
            f"class {defined.__name__}ArgsDict(TypedDict):\n"
            + _indent([f'"""{documentation(defined)}"""', "", *fields])
        )
        parts.append(_args_class(f"{defined.__name__}Args", defined))
    return "\n\n\n".join(parts)


def _outputs() -> str:
    parts = [
        '"""Nested outputs of the resources and look-ups."""',
        "from collections.abc import Mapping, Sequence\n\nimport pulumi",
    ]
    outputs = [item for thing in (*RESOURCES, *FUNCTIONS) for item in (thing.inputs, thing.outputs)]
    parts += [_output_class(defined.__name__, defined) for defined in nested_types(*outputs)]
    return "\n\n\n".join(parts)


def _provider() -> str:
    arguments = list(properties(Provider))
    return f'''
"""The provider's own settings, for programs that use several OpenNebula clouds."""

from typing import Any, cast

import pulumi

from . import _utilities

{_args_class("ProviderArgs", Provider)}


class Provider(pulumi.ProviderResource):
    """{_doc(documentation(Provider), 4)}"""

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        {_parameters(arguments, separator=True)}
    ) -> None:
        """{_doc(_argument_docs("A provider with settings of its own.", arguments), 8)}"""
        args = ProviderArgs({_passed(arguments)})
        super().__init__("opennebula", resource_name, cast(Any, args), _utilities.resource_options(opts))
'''


def _resource(resource: Definition) -> str:
    name = resource.name
    inputs = list(properties(resource.inputs))
    outputs = list(properties(resource.outputs))
    everything = [*inputs, *outputs]
    unset = "{" + ", ".join(f'"{prop.name}": None' for prop in outputs) + "}"
    getters = [
        _getter(prop, f"pulumi.Output[{_output(prop, 'outputs.', always=prop.name == 'name')}]") for prop in everything
    ]
    uses = _input_imports(inputs)
    required = any(prop.required for prop in inputs)
    summary = f"Declare it; a `{name}Args` can be given instead of the separate arguments."
    return f'''
"""{documentation(resource.inputs)}"""

from collections.abc import Mapping, Sequence
from typing import overload

import pulumi

from . import _utilities, outputs
{uses}

__all__ = ["{name}", "{name}Args"]


{_args_class(f"{name}Args", resource.inputs)}


@pulumi.type_token("{resource.token}")
class {name}(pulumi.CustomResource):
    """{_doc(documentation(resource.inputs), 4)}"""

    @overload
    def __init__(
        self,
        resource_name: str,
        args: {name}Args{"" if required else " | None = None"},
        opts: pulumi.ResourceOptions | None = None,
    ) -> None: ...

    @overload
    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        {_parameters(inputs, separator=True)}
    ) -> None: ...

    def __init__(self, resource_name: str, *args: object, **kwargs: object) -> None:
        """{_doc(_argument_docs(summary, inputs), 8)}"""
        inputs, opts = _utilities.resource_arguments({name}Args, args, kwargs)
        inputs.__dict__.update({unset})
        super().__init__("{resource.token}", resource_name, inputs, _utilities.resource_options(opts))

    @staticmethod
    def get(
        resource_name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> "{name}":
        """The existing object of that id, not managed by the program."""
        return _utilities.existing({name}, resource_name, id, opts)

{_indent(getters, separator=chr(10) * 2)}
'''


def _function(function: Definition) -> str:
    name, result = snake_case(function.name), _result(function)
    arguments = list(properties(function.inputs))
    results = list(properties(function.outputs))
    sent = "{" + ", ".join(f'"{prop.wire_name}": {prop.name}' for prop in arguments) + "}"
    taken = ", ".join(f"{prop.name}=self.{prop.name}" for prop in results)
    given = ", ".join(f"{prop.name}=found.{prop.name}" for prop in results)
    summary = documentation(function.outputs).rstrip(".")
    return f'''
"""Look-up: {summary[0].lower()}{summary[1:]}."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import pulumi

from . import _utilities, outputs

__all__ = ["Awaitable{result}", "{result}", "{name}", "{name}_output"]


{_output_class(result, function.outputs, "outputs.")}


class Awaitable{result}({result}):
    """The same, for programs that await it."""

    def __await__(self) -> Generator[Any, None, {result}]:
        """The plain result."""
        yield from ()
        return {result}({taken})


def {name}(
    *, {", ".join(f"{prop.name}: {_plain(prop)} | None = None" for prop in arguments)},
    opts: pulumi.InvokeOptions | None = None,
) -> Awaitable{result}:
    """{_doc(_argument_docs(f"{summary}, at once. An error if there is none or it is ambiguous.", arguments), 4)}"""
    arguments = {sent}
    found = pulumi.runtime.invoke("{function.token}", arguments, _utilities.invoke_options(opts), {result}).value
    return Awaitable{result}({given})


def {name}_output(
    *, {", ".join(f"{prop.name}: pulumi.Input[{_plain(prop)} | None] | None = None" for prop in arguments)},
    opts: pulumi.InvokeOptions | pulumi.InvokeOutputOptions | None = None,
) -> pulumi.Output[{result}]:
    """{_doc(_argument_docs(f"{summary}, when the arguments are known.", arguments), 4)}"""
    arguments = {sent}
    return pulumi.runtime.invoke_output("{function.token}", arguments, _utilities.invoke_options(opts), {result})
'''


# --- parts of files ---------------------------------------------------------------------------------------------------


def _args_class(name: str, defined: type) -> str:
    fields = list(properties(defined))
    parts = [f'"""{_doc(documentation(defined), 4)}"""']
    sets = [
        f'pulumi.set(self, "{prop.name}", {prop.name})'
        if prop.required
        else f'if {prop.name} is not None:\n    pulumi.set(self, "{prop.name}", {prop.name})'
        for prop in fields
    ]
    parts.append(
        f"def __init__(\n    self, {_parameters(fields, separator=True)}\n) -> None:\n"
        + _indent([f'"""{_doc(_argument_docs("Set the properties.", fields), 4)}"""', *sets])
    )
    for prop in fields:
        # The getter's type is what Pulumi's runtime finds the names in dictionaries by; it must name the class alone.
        typ = f"pulumi.Input[{_input_value(prop, '{0}Args')}]" + ("" if prop.required else " | None")
        parts.append(_getter(prop, typ))
        parts.append(
            f"@{prop.name}.setter\ndef {prop.name}(self, value: {typ}) -> None:\n"
            f'    pulumi.set(self, "{prop.name}", value)'
        )
    return f"@pulumi.input_type\nclass {name}:\n" + _indent(parts, separator="\n\n")


def _output_class(name: str, defined: type, outputs: str = "") -> str:
    fields = list(properties(defined))
    parts = [f'"""{_doc(documentation(defined), 4)}"""']
    parameters = ", ".join(
        f"{prop.name}: {_output(prop, outputs)}" + (" = None" if prop.optional else "")
        for prop in sorted(fields, key=lambda prop: prop.optional)
    )
    parts.append(
        f"def __init__(self, *, {parameters}) -> None:\n"
        + _indent(['"""Set the properties."""', *[f'pulumi.set(self, "{prop.name}", {prop.name})' for prop in fields]])
    )
    parts += [_getter(prop, _output(prop, outputs)) for prop in fields]
    return f"@pulumi.output_type\nclass {name}:\n" + _indent(parts, separator="\n\n")


def _getter(prop: Property, typ: str) -> str:
    named = f'@pulumi.getter(name="{prop.wire_name}")' if prop.wire_name != prop.name else "@pulumi.getter"
    return (
        f"@property\n{named}\ndef {prop.name}(self) -> {typ}:\n"
        f'    """{_doc(prop.rule.doc, 4)}"""\n    return pulumi.get(self, "{prop.name}")'
    )


def _parameters(props: Iterable[Property], separator: bool = False) -> str:
    ordered = sorted(props, key=lambda prop: not prop.required)
    parts = [f"{prop.name}: {_input(prop)}" + ("" if prop.required else " | None = None") for prop in ordered]
    return ", ".join([*(["*"] if separator else []), *parts, ""])


def _passed(props: Iterable[Property]) -> str:
    return ", ".join(f"{prop.name}={prop.name}" for prop in props)


def _input(prop: Property) -> str:
    return f"pulumi.Input[{_input_value(prop)}]"


def _input_value(prop: Property, nested: str = "{0}Args | {0}ArgsDict") -> str:
    one = f'"{nested.format(prop.kind.__name__)}"' if prop.nested else prop.kind.__name__
    if prop.container is list:
        return f"Sequence[pulumi.Input[{one}]]"
    if prop.container is dict:
        return f"Mapping[str, pulumi.Input[{one}]]"
    return one


def _output(prop: Property, outputs: str = "", always: bool = False) -> str:
    name = f'"{outputs}{prop.kind.__name__}"' if prop.nested else prop.kind.__name__
    if prop.container is list:
        name = f"Sequence[{name}]"
    elif prop.container is dict:
        name = f"Mapping[str, {name}]"
    elif prop.optional and not always:
        name = f'{name[:-1]} | None"' if prop.nested else f"{name} | None"
    return name


def _plain(prop: Property) -> str:
    return prop.kind.__name__


def _input_types() -> list[type]:
    return nested_types(*(resource.inputs for resource in RESOURCES))


def _input_imports(inputs: Iterable[Property]) -> str:
    names = _all_names("{0}Args", "{0}ArgsDict", of=[prop.kind for prop in inputs if prop.nested])
    return f"from ._inputs import {', '.join(names)}" if names else ""


def _all_names(*patterns: str, of: Iterable[type]) -> list[str]:
    return [pattern.format(item.__name__) for item in of for pattern in patterns]


def _result(function: Definition) -> str:
    return function.name[0].upper() + function.name[1:] + "Result"


def _argument_docs(summary: str, props: Iterable[Property]) -> str:
    return summary + "\n\n" + "\n".join(f":param {prop.name}: {prop.rule.doc}" for prop in props) + "\n"


def _doc(text: str, indent: int) -> str:
    wrapped = []
    for line in text.split("\n"):
        hanging = "    " if line.startswith(":param") else ""
        wrapped += textwrap.wrap(line, 112 - indent, subsequent_indent=hanging) or [""]
    return ("\n" + " " * indent).join(wrapped).replace("\n" + " " * indent + "\n", "\n\n")


def _indent(parts: Iterable[str], separator: str = "\n") -> str:
    return textwrap.indent(separator.join(parts), "    ")


def _lines(parts: Iterable[str]) -> str:
    return "\n".join(parts)


def _format(files: dict[str, str]) -> dict[str, str]:
    settings = ["--quiet", "--isolated", "--line-length", "120"]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        for command in (["check", "--fix", "--select", "I,F401"], ["format"]):
            subprocess.run([sys.executable, "-m", "ruff", *command, *settings, folder], check=True)
        return {name: (Path(folder) / name).read_text() for name in files}


if __name__ == "__main__":
    main()
