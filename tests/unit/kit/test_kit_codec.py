"""Property values survive the wire, secrets stay secret, and what the wire cannot keep is refused."""

import math
import random
import string
from typing import Any

import pytest
from google.protobuf import struct_pb2
from pulumi.runtime import rpc
from pulumi_provider_kit import UNKNOWN, Archive, Asset, Secret, has_unknown
from pulumi_provider_kit.codec import decode, encode, mark_echoed_secrets, mark_secrets, plain


def anything(rng: random.Random, depth: int = 4) -> Any:
    """A random property value of any shape that Pulumi knows."""
    text = "".join(rng.choices(string.printable + "äß€\u200b🌸\"'\\", k=rng.randrange(8)))
    leaves: list[Any] = [
        None, True, False, 0, -1, 2**53, 0.5, -1e-9, text, "", UNKNOWN,
        Asset(hash="aa", text=text), Asset(path="/p"), Archive(uri="u"), Archive(assets={"a": Asset(text="x")}),
    ]  # fmt: skip
    kinds = ["leaf", "list", "map", "secret"] if depth else ["leaf"]
    match rng.choice(kinds):
        case "list":
            return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
        case "map":
            return {f"{text}{index}": anything(rng, depth - 1) for index in range(rng.randrange(4))}
        case "secret":
            return Secret(anything(rng, depth - 1))
    return rng.choice(leaves)


@pytest.mark.parametrize("seed", range(200))
def test_values_survive_the_wire(seed: int) -> None:
    rng = random.Random(seed)
    properties = {f"p{index}": anything(rng) for index in range(5)}

    sent = encode(properties)
    received = struct_pb2.Struct.FromString(sent.SerializeToString())

    assert decode(received) == properties


@pytest.mark.parametrize("value", [3, -7, 0, 2**53])
def test_whole_numbers_arrive_as_int(value: int) -> None:
    assert type(decode(encode({"n": float(value)}))["n"]) is int


def test_true_is_no_number() -> None:
    assert decode(encode({"b": True})) == {"b": True}
    assert encode({"b": True}).fields["b"].WhichOneof("kind") == "bool_value"


@pytest.mark.parametrize("value", [2**53 + 1, math.nan, math.inf, -math.inf])
def test_a_number_that_the_state_would_not_keep_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="string"):
        encode({"n": value})


def test_a_foreign_type_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="complex"):
        encode({"n": [complex(1)]})


def test_the_marks_are_those_of_the_sdk() -> None:
    wire = encode({"s": Secret("x"), "u": UNKNOWN, "a": Asset(text="t")}).fields
    assert wire["s"].struct_value.fields[rpc._special_sig_key].string_value == rpc._special_secret_sig
    assert wire["u"].string_value == rpc.UNKNOWN
    assert wire["a"].struct_value.fields[rpc._special_sig_key].string_value == rpc._special_asset_sig


def test_a_secret_does_not_show_in_its_repr() -> None:
    assert "hunter2" not in repr({"p": Secret("hunter2")})


@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        (1, False),
        (UNKNOWN, True),
        ({"a": [1, {"b": UNKNOWN}]}, True),
        (Secret(UNKNOWN), True),
        (Secret({"a": "b"}), False),
    ],
)
def test_unknowns_are_found_anywhere(value: Any, unknown: bool) -> None:
    assert has_unknown(value) is unknown


SECRETS = [
    # value, like, what becomes of it
    ("x", "y", "x"),
    ("x", Secret("y"), Secret("x")),
    ({"a": "x", "b": "y"}, {"a": Secret("old"), "b": "y"}, {"a": Secret("x"), "b": "y"}),
    ([1, 2], [1, Secret(2)], [1, Secret(2)]),
    ([2], [1, Secret(2)], Secret([2])),  # moved: all of it
    ({"b": "x"}, {"a": Secret("x")}, Secret({"b": "x"})),  # renamed: all of it
    ("x", {"a": Secret("x")}, Secret("x")),
    (Secret("x"), "y", Secret("x")),
    ({"a": {"b": [1]}}, {"a": {"b": [Secret(0)]}}, {"a": {"b": [Secret(1)]}}),
]


@pytest.mark.parametrize(("value", "like", "expected"), SECRETS)
def test_a_value_becomes_secret_where_its_model_is(value: Any, like: Any, expected: Any) -> None:
    assert mark_secrets(value, like) == expected


@pytest.mark.parametrize("seed", range(100))
def test_no_secret_of_the_model_ends_up_plain_in_an_echo(seed: int) -> None:
    rng = random.Random(seed)
    inputs = {f"p{index}": anything(rng) for index in range(5)}
    echoed = mark_echoed_secrets(plain(inputs), inputs)
    assert plain(echoed) == plain(inputs)
    assert echoed == {name: mark_secrets(plain(value), value) for name, value in inputs.items()}
    for name, value in inputs.items():
        if isinstance(value, Secret):
            assert isinstance(echoed[name], Secret)


def test_a_secret_input_that_is_not_echoed_hides_no_other_output() -> None:
    assert mark_echoed_secrets({"ip": "10.0.0.1"}, {"password": Secret("x")}) == {"ip": "10.0.0.1"}
