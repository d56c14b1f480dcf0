"""What happened around an attempt in the order of time: call, rollbacks, changes of the voucher, other attempts.

Puts together what it is given; reads no row.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from django.urls import reverse

from redemptions.models import Redemption, Result, Rollback
from redemptions.views.effects import effects_text, refusal_in_words
from voucherify_admin.api.models import ApiCall
from voucherify_admin.pages import show

# Of changes and of other attempts, so many before and after are told.
NEAREST = 3

# Seconds in a unit, its word, and from how many on it is used.
UNITS = ((86_400, "days", 2), (3_600, "h", 2), (60, "min", 2), (1, "s", 1))

# What a call that changed an object did, by the object's type, the method and the endpoint. What is not named here
# changed nothing of it.
CHANGES = {
    "voucher": {
        ("POST", "/v1/vouchers"): "Voucher created",
        ("POST", "/v1/vouchers/"): "Voucher created",
        ("POST", "/v1/vouchers/{code}"): "Voucher created",
        ("POST", "/v1/campaigns/{campaign_id}/vouchers"): "Voucher created",
        ("POST", "/v1/campaigns/{campaign_id}/vouchers/{code}"): "Voucher created",
        ("PUT", "/v1/vouchers/{code}"): "Voucher changed",
        ("DELETE", "/v1/vouchers/{code}"): "Voucher deleted",
        ("POST", "/v1/vouchers/{code}/enable"): "Voucher enabled",
        ("POST", "/v1/vouchers/{code}/disable"): "Voucher disabled",
        ("POST", "/v1/vouchers/{code}/balance"): "Balance changed",
        ("POST", "/v1/publications"): "Voucher given to a customer",
        ("POST", "/v1/validation-rules/{rule_id}/assignments"): "Rule assigned to the voucher",
        ("DELETE", "/v1/validation-rules/{rule_id}/assignments/{assignment_id}"): "Rule taken off the voucher",
    },
    "campaign": {
        ("POST", "/v1/campaigns"): "Campaign created",
        ("PUT", "/v1/campaigns/{campaign_id}"): "Campaign changed",
        ("DELETE", "/v1/campaigns/{campaign_id}"): "Campaign deleted",
        ("POST", "/v1/campaigns/{campaign_id}/enable"): "Campaign enabled",
        ("POST", "/v1/campaigns/{campaign_id}/disable"): "Campaign disabled",
        ("POST", "/v1/validation-rules/{rule_id}/assignments"): "Rule assigned to the campaign",
        ("DELETE", "/v1/validation-rules/{rule_id}/assignments/{assignment_id}"): "Rule taken off the campaign",
    },
}
# Of pages the route is not told the same way everywhere; how the path ends is.
ACTS = {
    "voucher": {"/enable/": "Voucher enabled", "/disable/": "Voucher disabled"},
    "campaign": {"/enable/": "Campaign enabled", "/disable/": "Campaign disabled", "/delete/": "Campaign deleted"},
}
MAX_FIELDS = 8

Row = TypeVar("Row", ApiCall, Redemption)


@dataclass(frozen=True)
class Moment:
    """One line: when, how long before or after the attempt, what, and by whom; `address` leads to it."""

    at: datetime
    apart: str
    icon: str
    tone: str
    text: str
    note: str = ""
    by: str = ""
    address: str = ""
    is_this: bool = False


def moments(
    redemption: Redemption,
    *,
    call: ApiCall | None,
    changes: Iterable[ApiCall],
    rollbacks: Iterable[Rollback],
    others: Iterable[Redemption],
    names_users: bool,
) -> list[Moment]:
    """Everything oldest first; `changes` are calls as `ApiCall.objects.around` gives them."""
    here = redemption.created_at
    told: list[tuple[datetime, int, Moment]] = []

    def tell(at: datetime, rank: int, icon: str, tone: str, text: str, **more: object) -> None:
        told.append((at, rank, Moment(at, apart(at - here), icon, tone, text, **more)))  # type: ignore[arg-type]

    if call is not None:
        # A call is logged when it is answered. Its clock is another one: it came before the attempt in any case.
        received = min(call.created_at - timedelta(milliseconds=call.duration_ms), here)
        words = "Sent from the dashboard" if call.user_login else "API call received"
        by = _caller(call, names_users=names_users)
        tell(received, 0, "send", "muted", words, note=f"{call.method} {call.path}", by=by, address=_call_page(call))
    tone, icon, words = _of_attempt(redemption)
    tell(here, 1, icon, tone, words, note=redemption.short_reason or _taken(redemption), is_this=True)
    for rollback in rollbacks:
        by = rollback.channel_name or rollback.get_channel_type_display()
        if rollback.result == Result.SUCCESS:
            note = "; ".join(filter(None, [f"“{rollback.reason}”" if rollback.reason else "", effects_text(rollback)]))
            tell(rollback.created_at, 2, "arrow-back-up", "warn", "Rolled back", note=note, by=by)
        else:
            note = refusal_in_words(rollback)
            note = f"“{rollback.reason}”; {note}" if rollback.reason else note
            tell(rollback.created_at, 2, "ban", "muted", "Rollback refused", note=note, by=by)
    for change in _nearest(filter(change_words, changes), here):
        by = _caller(change, names_users=names_users)
        tell(
            change.created_at,
            3,
            "edit",
            "info",
            change_words(change),
            note=fields_set(change),
            by=by,
            address=_call_page(change),
        )
    for other in _nearest(others, here):
        tone, icon, words = _of_attempt(other)
        address = reverse("redemptions:detail", args=[other.public_id])
        by = other.customer_name or other.customer_source_id
        tell(
            other.created_at,
            1,
            icon,
            tone,
            f"Same code: {words.lower()}",
            note=other.short_reason,
            by=by,
            address=address,
        )
    return [moment for _, _, moment in sorted(told, key=lambda each: each[:2])]


def change_words(call: ApiCall) -> str:
    """What a call did to the object that it touched; empty for what changed nothing of it."""
    if call.endpoint.startswith("/v1/"):
        return CHANGES.get(call.touched_as, {}).get((call.method, call.endpoint), "")
    acts = ACTS.get(call.touched_as, {})
    return next((words for ending, words in acts.items() if call.path.endswith(ending)), "")


def fields_set(call: ApiCall) -> str:
    """Which fields a call set, by their names in the API; empty where they cannot be read from its beginning."""
    if call.method != "PUT":
        return ""
    try:
        body = json.loads(call.beginning)
    except (ValueError, RecursionError):
        return ""
    names = list(body)[: MAX_FIELDS + 1] if isinstance(body, dict) else []
    return ", ".join(names[:MAX_FIELDS]) + (", …" if len(names) > MAX_FIELDS else "")


def apart(difference: timedelta) -> str:
    """“2 min before”, “3 h after”: how far a moment is from the attempt; empty within the same second."""
    seconds = int(abs(difference).total_seconds())
    if not seconds:
        return ""
    size, unit = next((size, unit) for size, unit, least in UNITS if seconds >= size * least)
    amount = f"{seconds // size:,} {unit}"
    return f"{amount} {'before' if difference < timedelta() else 'after'}"


def _of_attempt(redemption: Redemption) -> tuple[str, str, str]:
    """Tone, icon and words."""
    if redemption.result == Result.FAILURE:
        return "bad", "circle-x", "Failed"
    undone = redemption.status == Redemption.Status.ROLLED_BACK
    return "good", "circle-check", "Redeemed, later rolled back" if undone else "Redeemed"


def _taken(redemption: Redemption) -> str:
    if redemption.gift_amount is not None:
        return f"{show.money(redemption.gift_amount)} from the gift card"
    return f"{show.money(redemption.discount_amount)} off" if redemption.discount_amount else ""


def _caller(call: ApiCall, *, names_users: bool) -> str:
    if call.user_login:
        return call.user_login if names_users else "Dashboard"
    return call.key_name or call.channel


def _call_page(call: ApiCall) -> str:
    return reverse("api:call_detail", args=[call.request_id])


def _nearest(rows: Iterable[Row], here: datetime) -> list[Row]:
    ordered = sorted(rows, key=lambda row: row.created_at)
    before = [row for row in ordered if row.created_at <= here]
    return before[-NEAREST:] + [row for row in ordered if row.created_at > here][:NEAREST]
