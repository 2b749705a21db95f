"""`ansible_ssh_common_args` as ssh would read them."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kprov.model.errors import InputError
from kprov.transport.arguments import SshArguments, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("-o ProxyJump=gate", (("proxyjump", "gate"),)),
        ("-oProxyJump=gate", (("proxyjump", "gate"),)),
        ("-o 'ProxyJump gate'", (("proxyjump", "gate"),)),
        ("-o proxyjump=a,b@c:22", (("proxyjump", "a,b@c:22"),)),
        ("-J a,b", (("proxyjump", "a,b"),)),
        ("-Ja", (("proxyjump", "a"),)),
        ("-i ~/.ssh/one -i two", (("identityfile", "~/.ssh/one"), ("identityfile", "two"))),
        ("-l me -p 2222", (("user", "me"), ("port", "2222"))),
        (
            """-o ProxyCommand="ssh -W %h:%p -q 'b x'" -o ConnectTimeout=3""",
            (("proxycommand", "ssh -W %h:%p -q 'b x'"), ("connecttimeout", "3")),
        ),
        ("-C -q -o ControlMaster=auto -o ControlPersist=60s -o ServerAliveInterval=30", ()),
        ("-vv -o ForwardAgent=yes -A", ()),
    ],
)
def test_known_options(text: str, expected: tuple[tuple[str, str], ...]) -> None:
    """Options in any of ssh's spellings, in their order; tuning of OpenSSH has no effect."""
    assert parse(text, where="w1") == SshArguments(expected)


def test_config_file() -> None:
    """-F is not an option of ssh_config."""
    assert parse("-F my_config -J a", where="w1") == SshArguments(
        (("proxyjump", "a"),), config_file="my_config"
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("-o ProxyJmp=gate", "Did you mean ProxyJump?"),
        ("-o Ciphers=none", "'-o Ciphers=none' is not an option that kprov knows"),
        ("-o ProxyJump", "Write `-o Name=value`"),
        ("-D 1080", "'-D' is not an option that kprov knows"),
        ("gate", "'gate' is not an option"),
        ("--proxy=x", "'--proxy=x' is not an option"),
        ("-J", "'-J' has no value"),
        ("-o 'ProxyJump=a", "Close the quotes"),
        ("-J a\n-J b", "more than one line"),
    ],
)
def test_unknown_options_name_the_host(text: str, says: str) -> None:
    """Whatever is not understood is an error that names host and option: never left out."""
    with pytest.raises(InputError) as wrong:
        parse(text, where="w1")
    assert says in str(wrong.value)
    assert str(wrong.value).startswith("w1: ansible_ssh_common_args: ")


def test_first_of_several_names() -> None:
    """The order of the arguments decides between ProxyJump and ProxyCommand."""
    arguments = parse("-o ProxyCommand=x -J a", where="w1")
    assert arguments.first("proxyjump", "proxycommand") == ("proxycommand", "x")
    assert arguments.first("user") is None


@given(st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_values_come_out_as_they_were(value: str) -> None:
    """What is quoted for the shell is what arrives, whatever it contains."""
    quoted = shlex.quote(f"IdentityFile={value}")
    assert parse(f"-o {quoted}", where="w1").options == (("identityfile", value),)
