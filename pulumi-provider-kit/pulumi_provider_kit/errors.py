"""What a resource raises, and what the engine makes of it.

Any other exception is a bug of the provider: it is reported as internal, with its traceback on standard error, and the
engine keeps the operation as pending because nobody knows how far it came.
"""

from collections.abc import Mapping, Sequence
from typing import Any


class UserError(Exception):
    """The operation failed cleanly and left nothing behind: the engine shows the message and saves no state."""


class Cancelled(UserError):
    """The user interrupted the operation, and it left nothing behind."""


class DeadlineExceeded(UserError):
    """The operation took longer than its `custom_timeouts` (or the resource's own limit) allow."""


class InitFailed(Exception):
    """The object exists but is not as wanted, as after a create that was interrupted halfway.

    The engine saves it with its id, and the next `pulumi up` calls `Resource.update` on it.

    Args:
        id: the object's id, as `Resource.create` would have returned it.
        properties: its outputs so far.
        reasons: one line each; shown to the user, and kept in the state.
    """

    def __init__(self, id: str, properties: Mapping[str, Any], reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.id = id
        self.properties = dict(properties)
        self.reasons = list(reasons)
