"""What the server sees of a browser, cut down to what a human needs to judge it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from pathlib import Path

import maxminddb

UNKNOWN = "unknown"
Countries = Callable[[str], str]
"""From an address to an ISO country code, or `unknown`."""

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_IN_APP = re.compile(
    r"; wv\)|FBAN|FBAV|Instagram|Slack(?!bot)|Teams|MicroMessenger|\bLine/|LinkedInApp|Snapchat|GSA/"
    r"|OutlookMobile|Outlook-(?:iOS|Android)"
)


def bare_address(told: str) -> str:
    """An address as proxies write it, without port and brackets."""
    address = told.strip().strip('"')
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.partition(":")[0] if address.count(":") == 1 else address


def network_of(address: str) -> str:
    """The address shortened to /24 (IPv4) or /48 (IPv6); empty for anything else."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    prefix = 24 if ip.version == 4 else 48
    return str(ipaddress.ip_network((ip, prefix), strict=False))


def device_of(agent: str) -> str:
    """Browser and system in two names, such as `Safari, iPhone`; never the raw header."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(part for part in (browser, system) if part) or UNKNOWN


def in_app(agent: str) -> bool:
    """Whether a page was opened inside another app's own little browser."""
    return bool(_IN_APP.search(agent))


def nowhere(address: str) -> str:
    """Countries when nothing is configured."""
    return UNKNOWN


def countries_of(database: Path) -> Countries:
    """Countries from a MaxMind database file; opened once, read from memory."""
    reader = maxminddb.open_database(str(database), maxminddb.MODE_MEMORY)

    def country(address: str) -> str:
        try:
            found = reader.get(address)
        except ValueError:
            return UNKNOWN
        code = found.get("country", {}).get("iso_code") if isinstance(found, dict) else None
        return code if isinstance(code, str) and code else UNKNOWN

    return country
