"""The README's provider works as it is printed there."""

import re
import sys
from pathlib import Path

from tests.contract.pulumi_project import Project

README = Path(__file__).parents[3] / "pulumi-provider-kit" / "README.md"

PROGRAM = """
import pathlib, pulumi

class File(pulumi.CustomResource):
    size: pulumi.Output[int]
    def __init__(self, name, path, content):
        super().__init__("files:index:File", name, {"path": path, "content": content, "size": None})

file = File("file", str(pathlib.Path("made").absolute()), pathlib.Path("content").read_text())
pulumi.export("size", file.size)
"""


def test_the_example_makes_changes_and_deletes_a_file(tmp_path: Path) -> None:
    example = re.search(r"```python\n(.*?)```", README.read_text(), re.S)
    assert example is not None
    plugin = tmp_path / "plugin"
    plugin.mkdir()
    executable = plugin / "pulumi-resource-files"
    executable.write_text(f"#!{sys.executable}\n{example[1]}")
    executable.chmod(0o755)
    project = Project(tmp_path, PROGRAM, {"files": plugin})
    content, made = tmp_path / "content", tmp_path / "made"

    content.write_text("hello")
    project.up()
    assert made.read_text() == "hello"
    assert "ciphertext" in project.state()["file"]["outputs"]["content"]

    content.write_text("hello again")
    project.up()
    assert made.read_text() == "hello again"
    assert project.run("stack", "output", "size").strip() == "11"

    project.run("destroy", "--yes", "--skip-preview")
    assert not made.exists()
