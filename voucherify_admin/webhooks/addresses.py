"""Where a webhook may go: takes an address apart, resolves its host and refuses networks that are not public.

Pure but for asking the resolver. Whoever connects must connect to the very address that was checked here, for a name
may resolve to another one a moment later.
"""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# IPv4 addresses written as IPv6, where a gateway translates them.
NAT64 = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("64:ff9b:1::/48"))
PORTS = {"http": 80, "https": 443}


class RefusedError(ValueError):
    """The address may not be used; the text is a sentence."""


@dataclass(frozen=True)
class Place:
    """An address taken apart, with the IP address that was checked."""

    scheme: str
    host: str
    port: int
    path: str
    address: str

    @property
    def host_header(self) -> str:
        """The host as the header of that name has it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


def is_public(text: str) -> bool:
    """Whether this IP address is one of the public Internet, and no way round to one that is not."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = _inside(address)
        if inner is not None:
            return is_public(str(inner))
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved and not address.is_unspecified


def _inside(address: ipaddress.IPv6Address) -> IPAddress | None:
    """Return the IPv4 address that stands in an IPv6 one, None where there is none."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        # Of the server and the client, the one that a packet would reach.
        return address.teredo[1]
    if any(address in network for network in NAT64):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) < 1 << 32 and int(address) > 1:
        # The old form ::192.0.2.1.
        return ipaddress.IPv4Address(int(address))
    return None


def split(url: str) -> SplitResult:
    """Return the parts of the address; raise RefusedError unless it is an http(s) one with a host and no login."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedError("The address cannot be read; it should look like https://example.com/hooks") from error
    if parts.scheme not in PORTS or not parts.hostname:
        raise RefusedError("The address should begin with https:// or http:// and name a host")
    if "@" in parts.netloc:
        raise RefusedError("The address should hold no user name and no password")
    if port == 0 or any(ord(character) <= 32 or ord(character) == 127 for character in url):
        raise RefusedError("The address cannot be read; it should look like https://example.com/hooks")
    return parts


def resolve(url: str, *, allow_private: bool) -> Place:
    """Return where to connect for this address.

    Raises RefusedError when the address is none, or when any IP address of its host is not public and `allow_private`
    is off; OSError when the host cannot be found.
    """
    parts = split(url)
    host = str(parts.hostname)
    port = parts.port or PORTS[parts.scheme]
    try:
        # As the resolver, the certificate and the header Host have a name with other letters than ASCII.
        host = host.encode("idna").decode()
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    except UnicodeError as error:
        raise RefusedError(f"{host[:200]} is no name of a host") from error
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses:
        raise OSError(f"{host} has no address")
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise RefusedError(
                    f"{host[:200]} is {address}, which is not on the public Internet. Private networks are refused "
                    "unless the setting WEBHOOKS_ALLOW_PRIVATE is on"
                )
    path = parts.path or "/"
    return Place(parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path, addresses[0])
