"""What the SDK's files share: versions, options, registration."""

import copy
import importlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import pulumi

VERSION: str = json.loads(Path(__file__).with_name("pulumi-plugin.json").read_text())["version"]

_T = TypeVar("_T")
_Options = TypeVar("_Options", pulumi.InvokeOptions, pulumi.InvokeOptions | pulumi.InvokeOutputOptions)


def resource_options(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options, with the version of the plugin that fits this SDK."""
    return pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=VERSION), opts)


def invoke_options(opts: _Options | None) -> _Options:
    """The options, with the version of the plugin that fits this SDK."""
    versioned = copy.copy(opts) if opts is not None else pulumi.InvokeOptions()
    versioned.version = versioned.version or VERSION
    return versioned


def resource_arguments(
    args_type: type[object], args: tuple[object, ...], kwargs: Mapping[str, Any]
) -> tuple[Any, pulumi.ResourceOptions | None]:
    """Inputs (as an instance of `args_type`) and options of a constructor, in either of its two forms."""
    named = dict(kwargs)
    given, opts = named.pop("args", None), named.pop("opts", None)
    for arg in args:
        if isinstance(arg, args_type):
            given = arg
        elif isinstance(arg, pulumi.ResourceOptions):
            opts = arg
        elif arg is not None:
            raise TypeError(f"expected {args_type.__name__} or ResourceOptions, not {type(arg).__name__}: {arg!r}")
    if opts is not None and not isinstance(opts, pulumi.ResourceOptions):
        raise TypeError(f"opts: expected ResourceOptions, not {type(opts).__name__}")
    inputs = args_type.__new__(args_type)
    names = pulumi._types.input_type_py_to_pulumi_names(args_type)
    inputs.__dict__.update(dict.fromkeys(names))
    if given is not None:
        inputs.__dict__.update(given.__dict__)
    elif opts is None or not (opts.id or opts.urn):
        inputs.__dict__.update(args_type(**named).__dict__)
    return inputs, opts


def existing(resource: Callable[..., _T], name: str, id: pulumi.Input[str], opts: pulumi.ResourceOptions | None) -> _T:
    """An instance that stands for an object made elsewhere, so without inputs."""
    return resource(name, opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(id=id)))


def register(package: str, classes: Mapping[str, str]) -> None:
    """Make the classes known, so that references to resources come back as instances of them."""

    class Module(pulumi.runtime.ResourceModule):
        def version(self) -> None:
            return None

        def construct(self, name: str, typ: str, urn: str) -> pulumi.Resource:
            found = getattr(importlib.import_module(package), classes[typ])
            return cast(pulumi.Resource, found(name, pulumi.ResourceOptions(urn=urn)))

    pulumi.runtime.register_resource_module("opennebula", "index", Module())
