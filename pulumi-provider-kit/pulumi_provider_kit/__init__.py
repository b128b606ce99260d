"""Write a Pulumi provider in Python: describe resources, let the kit speak the plugin protocol.

A provider is a `Provider` with a Pulumi package schema and one `Resource` per resource type; `serve` runs it as a
plugin. See the README for a whole provider in 40 lines.
"""

from .codec import UNKNOWN, Archive, Asset, Properties, Secret, Unknown, has_unknown
from .diff import Change
from .errors import Cancelled, DeadlineExceeded, InitFailed, UserError
from .operation import Operation, Pending
from .paths import format_path
from .provider import CheckFailure, Function, Provider, ReadResult, Resource
from .server import serve

__all__ = [
    "UNKNOWN",
    "Archive",
    "Asset",
    "Cancelled",
    "Change",
    "CheckFailure",
    "DeadlineExceeded",
    "Function",
    "InitFailed",
    "Operation",
    "Pending",
    "Properties",
    "Provider",
    "ReadResult",
    "Resource",
    "Secret",
    "Unknown",
    "UserError",
    "format_path",
    "has_unknown",
    "serve",
]
