"""oned's template grammar, text and XML."""

from __future__ import annotations

import pytest

from sandbox.oned.template import Template, TemplateError, parse

READ = {
    "a quoted value": ('NAME="net1"', [("NAME", "net1")]),
    "names are upper-cased": ('name = "x"\ncpu=0.1', [("NAME", "x"), ("CPU", "0.1")]),
    "an escaped quote": (r'A="say \"hi\""', [("A", 'say "hi"')]),
    "no other escape": (r'A="a\\b\n"', [("A", r"a\\b\n")]),
    "newlines in quotes": ('A="l1\nl2"', [("A", "l1\nl2")]),
    "an empty value": ('A=""', [("A", "")]),
    "no value at all": ("A=\nB=1", [("A", ""), ("B", "1")]),
    "repeated names": ('A="1"\nA="2"', [("A", "1"), ("A", "2")]),
    "a comment": ("# c\nA=1\n  # d\nB=2", [("A", "1"), ("B", "2")]),
    "a vector": ('AR=[TYPE="IP4", SIZE="2"]', [("AR", {"TYPE": "IP4", "SIZE": "2"})]),
    "a vector over lines": ("AR = [\n  TYPE = IP4,\n  SIZE = 2\n]", [("AR", {"TYPE": "IP4", "SIZE": "2"})]),
    "brackets in quotes": ('F=[A=1, B="x,y]z"]', [("F", {"A": "1", "B": "x,y]z"})]),
    "other alphabets": ('A="é中 <b> &"', [("A", "é中 <b> &")]),
    "nothing": ("", []),
    "xml": (
        "<TEMPLATE><Name>n</Name><AR><TYPE><![CDATA[ETHER]]></TYPE></AR></TEMPLATE>",
        [("NAME", "n"), ("AR", {"TYPE": "ETHER"})],
    ),
}

REFUSED = {
    "a vector without end": ('NAME="bad4\nAR=[', "unexpected $end, expecting CBRACKET or VARIABLE", "columns 15:16"),
    "a space in a plain value": ("A=hello world", "unexpected $end, expecting EQUAL or EQUAL_EMPTY", "columns 9:14"),
    "a value without name": ('="x"', "unexpected '=', expecting VARIABLE", "columns 1:2"),
    "no comma in a vector": ("A=[B=1 C=2]", "expecting COMMA or CBRACKET", "columns 8:9"),
    "no xml": ("<TEMPLATE><A></TEMPLATE>", "Error parsing XML template", "mismatched tag"),
}


@pytest.mark.parametrize(("text", "items"), READ.values(), ids=READ)
def test_reads(text: str, items: list[tuple[str, str | dict[str, str]]]) -> None:
    assert parse(text).items == items


@pytest.mark.parametrize(("text", "what", "where"), REFUSED.values(), ids=REFUSED)
def test_refuses_and_says_where(text: str, what: str, where: str) -> None:
    with pytest.raises(TemplateError) as refusal:
        parse(text)
    assert what in str(refusal.value)
    assert where in str(refusal.value)


def test_xml_shows_names_in_order_and_repeated_ones_as_they_came() -> None:
    template = parse('B="2"\nA=[Y=1, X=2]\nB="1"')
    assert template.xml("T") == (
        "<T><A><X><![CDATA[2]]></X><Y><![CDATA[1]]></Y></A><B><![CDATA[2]]></B><B><![CDATA[1]]></B></T>"
    )


def test_text_that_would_end_a_cdata_section_is_kept() -> None:
    assert parse(Template(items=[("A", "x]]>y")]).xml("T")).text("A") == "x]]>y"


def test_appending_one_vector_replaces_all_of_that_name() -> None:
    template = parse("RULE=[P=1]\nRULE=[P=2]\nTAG=t")
    template.merge(parse("RULE=[P=3]"))
    assert template.items == [("TAG", "t"), ("RULE", {"P": "3"})]
