"""The template syntax: what is rendered is what oned reads."""

import random
import re

import pytest
from opennebula_provider.template import Attributes, problem, render, vector


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ([("NAME", "web")], 'NAME="web"'),
        ([("name", "web")], 'NAME="web"'),
        ([("A", 'say "hi"')], 'A="say \\"hi\\""'),
        ([("A", "back\\slash\\n")], 'A="back\\slash\\n"'),
        ([("A", "two\nlines\tand a tab")], 'A="two\nlines\tand a tab"'),
        ([("A", "")], 'A=""'),
        ([("A", "é中 <tag> & $VAR 'x' ],=[")], "A=\"é中 <tag> & $VAR 'x' ],=[\""),
        (
            [("NIC", {"IP": "10.0.0.1", "model": "virtio"}), ("NIC", {"IP": "10.0.0.2"})],
            'NIC=[IP="10.0.0.1",MODEL="virtio"]\nNIC=[IP="10.0.0.2"]',
        ),
    ],
)
def test_attributes_render_as_oned_reads_them(attributes: Attributes, text: str) -> None:
    assert render(attributes) == text


@pytest.mark.parametrize("value", ["ends in \\", 'a \\" b', "]]>", "bell\a", "cr\r\n", "null\0", "\ud800"])
def test_what_oned_cannot_keep_exactly_is_refused_with_the_reason(value: str) -> None:
    assert problem(value)
    with pytest.raises(ValueError, match="A"):
        render([("A", value)])


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "Ä", 'A"', "A\n"])
def test_a_name_that_the_syntax_does_not_know_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name"):
        render([(name, "x")])


def test_unset_values_are_left_out_of_a_vector() -> None:
    assert vector({"A": 1, "B": None, "C": "x"}) == {"A": "1", "C": "x"}


def test_whatever_is_not_refused_is_read_back_unchanged() -> None:
    chosen = random.Random(7)
    alphabet = "abcXYZ019 \t\n\"\\[],=#$<>&;'{}é中😀-]]>"
    kept = 0
    for _ in range(5000):
        value = "".join(chosen.choice(alphabet) for _ in range(chosen.randint(0, 12)))
        if problem(value):
            continue
        kept += 1
        attributes: Attributes = [("ONE", value), ("VEC", {"KEY": value, "OTHER": "x"}), ("ONE", "again")]
        assert oned_reads(render(attributes)) == attributes
    assert kept > 3000


def oned_reads(text: str) -> Attributes:
    """Template text as oned 7.4 reads it (recordings 487, 509 and 510): `\\"` is a quote, no other escape exists."""
    value = r'"((?:\\"|[^"])*)"'
    found: Attributes = []
    position = 0
    while position < len(text):
        match = re.compile(r"\s*(\w+)=(?=[\"\[])").match(text, position)
        assert match, text[position:]
        position = match.end()
        if text[position] == "[":
            items: dict[str, str] = {}
            while text[position] != "]":
                item = re.compile(r"[\[,](\w+)=" + value).match(text, position)
                assert item, text[position:]
                items[item[1]] = item[2].replace('\\"', '"')
                position = item.end()
            position += 1
            found.append((match[1], items))
        else:
            quoted = re.compile(value).match(text, position)
            assert quoted, text[position:]
            found.append((match[1], quoted[1].replace('\\"', '"')))
            position = quoted.end()
    return found
