"""A logged call as text to paste: as JSON and as a cURL command; holds no secret, for none was stored."""

import json
import shlex
from datetime import UTC
from typing import Any
from urllib.parse import quote

from django.conf import settings

from voucherify_admin.api.models import ApiCall

SECRET = "YOUR-APP-TOKEN"
APP_ID = "YOUR-APP-ID"


def call_url(call: ApiCall) -> str:
    """The full address that was called, ready to be pasted."""
    # The path was stored as it reads; an address needs it quoted again.
    address = settings.BASE_URL + quote(call.path, safe="/:@!$&'()*+,;=~")
    return f"{address}?{call.query}" if call.query else address


def as_json(call: ApiCall, *, with_user: bool) -> dict[str, Any]:
    """All that is known of a call, bodies as JSON where they are JSON; `with_user` tells which person it was."""
    known: dict[str, Any] = {
        "request_id": call.request_id,
        "date": call.created_at.astimezone(UTC).isoformat(),
        "method": call.method,
        "url": call_url(call),
        "status": call.status,
        "duration_ms": call.duration_ms,
        "channel": call.channel,
        "application": {"id": call.app_id, "name": call.key_name} if call.app_id else None,
        "ip_address": call.ip_address,
        "origin": call.origin,
        "user_agent": call.user_agent,
        "request_body": body_value(call.request_body),
        "response_body": body_value(call.response_body),
    }
    if with_user and call.user_login:
        known["user"] = call.user_login
    return known


def body_value(body: str) -> Any:
    """The body as JSON, or as text where it is no JSON (broken, cut, or of another kind)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def as_curl(call: ApiCall) -> str:
    """The command that would make the call again, with a placeholder for the secret; empty for acts of staff."""
    is_page = call.path.startswith("/client/v1/")
    if not is_page and not call.path.startswith("/v1/"):
        return ""
    parts = [f"curl --request {shlex.quote(call.method)} {shlex.quote(call_url(call))}"]
    headers = {"X-App-Id": call.app_id or APP_ID, "X-App-Token": SECRET}
    if is_page:
        headers = {"X-Client-Application-Id": call.app_id or APP_ID, "X-Client-Token": SECRET, "Origin": call.origin}
    if call.channel != "API":
        headers["X-Voucherify-Channel"] = call.channel
    if call.request_body:
        headers["Content-Type"] = "application/json"
    parts += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in headers.items()]
    if call.request_body:
        parts.append(f"--data-raw {shlex.quote(call.request_body)}")
    return " \\\n  ".join(parts)
