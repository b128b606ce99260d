"""What the guest makes of its context."""

import base64

import pytest

from sandbox.containers.machines import context_file
from sandbox.guest import context

SCRIPT = '#!/bin/sh\necho "it\'s $HOME"\n'


def test_every_value_arrives_as_it_was_sent() -> None:
    sent = {"START_SCRIPT": SCRIPT, "SET_HOSTNAME": "superlink", "EMPTY": "", "ODD": "a'b\"c\\d$e`f`\n#g"}
    assert context.parse(context_file(sent)) == sent


@pytest.mark.parametrize(
    ("variables", "script"),
    [
        ({}, None),
        ({"START_SCRIPT": ""}, None),
        ({"START_SCRIPT": SCRIPT}, SCRIPT),
        ({"START_SCRIPT_BASE64": base64.b64encode(SCRIPT.encode()).decode()}, SCRIPT),
        ({"START_SCRIPT_BASE64": base64.b64encode(b"from base64").decode(), "START_SCRIPT": "plain"}, "from base64"),
    ],
)
def test_the_start_script_is_the_encoded_one_before_the_plain_one(
    variables: dict[str, str], script: str | None
) -> None:
    assert context.start_script(variables) == script


def test_a_start_script_that_is_not_base64_is_named_on_the_console() -> None:
    with pytest.raises(ValueError, match="START_SCRIPT_BASE64"):
        context.start_script({"START_SCRIPT_BASE64": "A"})


def test_resolvers_are_those_of_all_networks_each_once() -> None:
    variables = {
        "ETH0_MAC": "02:00:ac:10:64:03",
        "ETH0_DNS": "172.16.100.1 9.9.9.9",
        "ETH1_MAC": "02:00:0a:00:00:03",
        "ETH1_DNS": "9.9.9.9",
        "ETH1_SEARCH_DOMAIN": "hospital.example",
        "DNS": "10.0.0.53",
    }
    assert context.resolvers(variables) == (
        "search hospital.example\nnameserver 172.16.100.1\nnameserver 9.9.9.9\nnameserver 10.0.0.53\n"
    )


def test_nics_are_taken_in_the_order_of_their_numbers() -> None:
    variables = {f"ETH{number}_MAC": "x" for number in (10, 2, 0)} | {"ETH2_IP": "y", "METHOD": "z"}
    assert context.network_prefixes(variables) == ["ETH0", "ETH2", "ETH10"]
