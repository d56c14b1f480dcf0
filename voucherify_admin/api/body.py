"""Reads what a caller sent: its JSON and its address; decides nothing about it."""

import ipaddress
import json
import math
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from voucherify_admin.api.errors import invalid_payload

# Deeper than any body that means something, and less than what the writers of JSON can nest.
MAX_DEPTH = 100


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is larger than any number that can be stored")
    return number


def _texts(value: Any) -> Iterator[str]:
    pending = [(value, 0)]
    while pending:
        item, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise invalid_payload(f"The body is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            pending.extend((key, depth) for key in item)
            pending.extend((part, depth + 1) for part in item.values())
        elif isinstance(item, list):
            pending.extend((part, depth + 1) for part in item)


def read_json(request: HttpRequest) -> Any:
    """Return the body's JSON value; an empty body is `{}`, as Voucherify's SDKs send one where nothing is required.

    Raises ApiError 400 `invalid_payload` for text that is not JSON in UTF-8, and for texts that no database can
    hold (the NUL character, halves of surrogate pairs).
    """
    raw = request.body
    if not raw.strip():
        return {}
    try:
        value = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise invalid_payload("The body cannot be parsed as JSON; send an object in UTF-8") from error
    for text in _texts(value):
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise invalid_payload("The body holds a character that cannot be stored (NUL or half of a surrogate pair)")
    return value


def client_ip(request: HttpRequest) -> str | None:
    """Return the caller's address; X-Forwarded-For is believed as far as our own proxies (TRUSTED_PROXIES) wrote it."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
        if len(hops) >= settings.TRUSTED_PROXIES:
            address = hops[-settings.TRUSTED_PROXIES]
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
