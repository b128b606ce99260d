"""Set-up of the toolchain: everything that `make setup` does, with the standard library alone."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this is what says so to whoever runs an older one
    sys.exit(
        f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: 3.11 or newer is needed."
        " Name one: make setup PYTHON=python3.11"
    )
