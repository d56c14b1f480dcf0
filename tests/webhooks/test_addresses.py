"""Where a webhook may go: the public Internet alone, however an address is written and whatever a name resolves to."""

import socket

import pytest

from voucherify_admin.webhooks import sending
from voucherify_admin.webhooks.addresses import RefusedError, is_public, resolve

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.1.2.3",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a00:1",
    "2002:7f00:1::",
    "2002:a00:1::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
]
PUBLIC = [
    "1.1.1.1",
    "93.184.216.34",
    "172.32.0.1",
    "192.169.0.1",
    "2606:4700::1111",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_is_not_public_is_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_known(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://0/",
        "http://localhost/",
        "http://localhost:6379/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://10.0.0.1/",
        "https://192.168.0.10:8443/hooks",
        "http://169.254.169.254/latest/meta-data/",
        "http://2852039166/latest/meta-data/",
        "http://[fd00:ec2::254]/",
    ],
)
def test_a_private_target_is_refused_however_it_is_spelled(url):
    with pytest.raises(RefusedError, match="WEBHOOKS_ALLOW_PRIVATE"):
        resolve(url, allow_private=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "http://",
        "http:///path",
        "http://user@1.1.1.1/",
        "http://user:password@1.1.1.1/",
        "http://1.1.1.1@127.0.0.1/",
        "http://1.1.1.1:99999/",
        "http://1.1.1.1:x/",
        "http://1.1.1.1:0/",
        "http://[1.1.1.1/",
        "http://1.1.1.1/\r\nX-Injected: 1",
        "http://1.1.1.1/a b",
    ],
)
@pytest.mark.parametrize("allow_private", [False, True])
def test_what_is_no_address_is_refused(url, allow_private):
    with pytest.raises(RefusedError):
        resolve(url, allow_private=allow_private)


def answers(*addresses: str):
    def getaddrinfo(host, port, *_, **__):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


def test_a_name_that_resolves_to_a_private_address_too_is_refused(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("1.1.1.1", "10.0.0.1"))
    with pytest.raises(RefusedError, match=r"evil\.example is 10\.0\.0\.1"):
        resolve("http://evil.example/", allow_private=False)


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch):
    asked: list[str] = []

    def rebinding(host, port, *_, **__):
        # A name that is public when it is checked and private when it is asked for again.
        asked.append(host)
        return answers("1.1.1.1" if len(asked) == 1 else "127.0.0.1")(host, port)

    connected: list[tuple] = []

    def create_connection(address, *_, **__):
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr(socket, "create_connection", create_connection)
    outcome = sending.post("http://rebind.example/", b"{}", {}, allow_private=False)
    assert connected == [("1.1.1.1", 80)]
    assert asked == ["rebind.example"]
    assert (outcome.status, outcome.error) == (None, "The connection failed: Connection refused.")


def test_a_name_with_other_letters_is_asked_for_as_the_resolver_knows_it(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", answers("1.1.1.1"))
    place = resolve("https://bücher.example:8443/hooks?q=ü", allow_private=False)
    assert (place.host, place.host_header) == ("xn--bcher-kva.example", "xn--bcher-kva.example:8443")
    with pytest.raises(RefusedError, match="no name of a host"):
        resolve(f"https://{'a' * 64}.example/", allow_private=False)
