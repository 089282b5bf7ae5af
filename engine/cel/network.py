"""The network extension: IP addresses and CIDR ranges as values.

Parsing is strict: no zones and no dotted IPv4 inside IPv6. A mapped address written in hexadecimal
(`::ffff:c0a8:1`) is the IPv4 address, so that it does not slip past a check. Source: cel-go ext,
network; cel-spec network_ext cases.
"""

from __future__ import annotations

from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    NetmaskValueError,
    ip_address,
    ip_interface,
)

from gatewright.dsl.records import dataclass
from gatewright.engine.cel.registry import Library
from gatewright.engine.errors import EvaluationError

LIBRARY = Library()

_LINK_LOCAL_MULTICAST = (IPv4Network("224.0.0.0/24"), IPv6Network("ff02::/16"))
_LINK_LOCAL_UNICAST = (IPv4Network("169.254.0.0/16"), IPv6Network("fe80::/10"))
_BROADCAST = IPv4Address("255.255.255.255")


@dataclass(frozen=True, slots=True)
class IpValue:
    """An IP address."""

    address: IPv4Address | IPv6Address

    @property
    def kind(self) -> str:
        """The name of its type."""
        return "net.IP"

    @property
    def text(self) -> str:
        """The address in its canonical form. Source: RFC 5952."""
        return str(self.address)

    @property
    def literal(self) -> str:
        """The expression that makes this address."""
        return f'ip("{self.text}")'


@dataclass(frozen=True, slots=True)
class CidrValue:
    """An address with the length of its network's prefix."""

    interface: IPv4Interface | IPv6Interface

    @property
    def kind(self) -> str:
        """The name of its type."""
        return "net.CIDR"

    @property
    def text(self) -> str:
        """The address and the prefix length: `10.0.0.1/8`."""
        return self.interface.with_prefixlen

    @property
    def literal(self) -> str:
        """The expression that makes this range."""
        return f'cidr("{self.text}")'


def parse_ip(text: str) -> IpValue:
    """Read an address; raises EvaluationError `invalid_argument`."""
    # ipaddress allows a zone (`fe80::1%en0`), Go and Kubernetes do not.
    if "%" in text or (":" in text and "." in text):
        raise _bad_address()
    try:
        address = ip_address(text)
    except ValueError:
        raise _bad_address() from None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return IpValue(mapped or address)


def parse_cidr(text: str) -> CidrValue:
    """Read `address/length`; raises EvaluationError `invalid_argument`."""
    address, slash, length = text.partition("/")
    is_length = length.isascii() and length.isdigit() and (length == "0" or length[0] != "0")
    if not slash or not is_length or len(length) > 3:
        raise _bad_range()
    if "%" in address or (":" in address and "." in address):
        raise _bad_range()
    try:
        interface = ip_interface(text)
    except (ValueError, AddressValueError, NetmaskValueError):
        raise _bad_range() from None
    if isinstance(interface, IPv6Interface) and interface.ip.ipv4_mapped is not None:
        raise _bad_range()
    return CidrValue(interface)


def _bad_address() -> EvaluationError:
    return EvaluationError("invalid_argument", "the text is not an IP address")


def _bad_range() -> EvaluationError:
    return EvaluationError("invalid_argument", "the text is not a range such as 10.0.0.0/8")


@LIBRARY.function("ip", "string")
def ip(text: str) -> IpValue:
    return parse_ip(text)


@LIBRARY.function("isIP", "string")
def is_ip(text: str) -> bool:
    try:
        parse_ip(text)
    except EvaluationError:
        return False
    return True


@LIBRARY.function("ip.isCanonical", "string")
def is_canonical(text: str) -> bool:
    return parse_ip(text).text == text


@LIBRARY.function("cidr", "string")
def cidr(text: str) -> CidrValue:
    return parse_cidr(text)


@LIBRARY.function("isCIDR", "string")
def is_cidr(text: str) -> bool:
    try:
        parse_cidr(text)
    except EvaluationError:
        return False
    return True


@LIBRARY.member("family", "net.IP")
def family(value: IpValue) -> int:
    return value.address.version


@LIBRARY.member("isUnspecified", "net.IP")
def is_unspecified(value: IpValue) -> bool:
    return value.address.is_unspecified


@LIBRARY.member("isLoopback", "net.IP")
def is_loopback(value: IpValue) -> bool:
    return value.address.is_loopback


@LIBRARY.member("isLinkLocalMulticast", "net.IP")
def is_link_local_multicast(value: IpValue) -> bool:
    return any(value.address in network for network in _LINK_LOCAL_MULTICAST)


@LIBRARY.member("isLinkLocalUnicast", "net.IP")
def is_link_local_unicast(value: IpValue) -> bool:
    return any(value.address in network for network in _LINK_LOCAL_UNICAST)


@LIBRARY.member("isGlobalUnicast", "net.IP")
def is_global_unicast(value: IpValue) -> bool:
    address = value.address
    special = address.is_unspecified or address.is_loopback or address.is_multicast
    return not (special or address == _BROADCAST or is_link_local_unicast(value))


@LIBRARY.member("containsIP", "net.CIDR", "net.IP")
def contains_ip(value: CidrValue, inner: IpValue) -> bool:
    return inner.address in value.interface.network


@LIBRARY.member("containsIP", "net.CIDR", "string")
def contains_ip_text(value: CidrValue, text: str) -> bool:
    return contains_ip(value, parse_ip(text))


@LIBRARY.member("containsCIDR", "net.CIDR", "net.CIDR")
def contains_cidr(value: CidrValue, inner: CidrValue) -> bool:
    outer_network, network = value.interface.network, inner.interface.network
    longer = network.prefixlen >= outer_network.prefixlen
    return longer and network.network_address in outer_network


@LIBRARY.member("containsCIDR", "net.CIDR", "string")
def contains_cidr_text(value: CidrValue, text: str) -> bool:
    return contains_cidr(value, parse_cidr(text))


@LIBRARY.member("ip", "net.CIDR")
def address_of(value: CidrValue) -> IpValue:
    return IpValue(value.interface.ip)


@LIBRARY.member("masked", "net.CIDR")
def masked(value: CidrValue) -> CidrValue:
    network = value.interface.network
    return CidrValue(ip_interface((network.network_address, network.prefixlen)))


@LIBRARY.member("prefixLength", "net.CIDR")
def prefix_length(value: CidrValue) -> int:
    return value.interface.network.prefixlen
