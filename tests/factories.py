"""Rows for tests: plain functions with believable defaults; whatever matters to a test is said by the test."""

import itertools
import json
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from campaigns.models import Campaign, Customer, RuleAssignment, Segment, SegmentMembership, ValidationRule
from redemptions.models import Redemption, Rollback, new_redemption_id, new_rollback_id
from voucherify_admin.accounts.models import User
from voucherify_admin.api.models import ApiKey
from vouchers.models import GiftTransaction, Origin, Voucher

_numbers = itertools.count(1)

PASSWORD = "correct horse battery"


def as_json(body: Any) -> bytes:
    """Return a body as a client sends it."""
    return json.dumps(body, ensure_ascii=False).encode()


def make_user(role: str = "User", **changes: Any) -> User:
    """Create a person with one of the four roles; their password is PASSWORD."""
    name = changes.pop("username", f"{role.lower()}-{next(_numbers)}")
    user = User.objects.create_user(username=name, password=PASSWORD, **changes)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def make_key(role: str = "Administrator", name: str = "Web shop") -> dict[str, str]:
    """Issue an API key and return the request headers that present it."""
    key, token = ApiKey.objects.issue(name=name, role=role)
    return {"X-App-Id": str(key.app_id), "X-App-Token": token}


def make_campaign(**changes: Any) -> Campaign:
    return Campaign.objects.create(**{"name": f"Campaign {next(_numbers)}", **changes})


def make_voucher(**changes: Any) -> Voucher:
    """Create a discount voucher of 10.00 off; give `type="GIFT_VOUCHER"` and `gift_balance` for a gift card."""
    values: dict[str, Any] = {"code": f"CODE-{next(_numbers)}", **changes}
    if values.get("type") == Voucher.Type.GIFT:
        values.setdefault("gift_balance", 5000)
        values.setdefault("gift_amount", values["gift_balance"])
    else:
        values.setdefault("discount", {"type": "AMOUNT", "amount_off": 1000, "effect": "APPLY_TO_ORDER"})
    voucher = Voucher.objects.create(**values)
    GiftTransaction.objects.open([voucher], origin=Origin(voucher.created_at))
    return voucher


def make_customer(**changes: Any) -> Customer:
    number = next(_numbers)
    return Customer.objects.create(
        **{"source_id": f"shop-{number}", "name": f"Customer {number}", "email": f"c{number}@example.com", **changes}
    )


def make_segment(*customers: Customer, **changes: Any) -> Segment:
    segment = Segment.objects.create(**{"name": f"Segment {next(_numbers)}", **changes})
    SegmentMembership.objects.bulk_create([SegmentMembership(segment=segment, customer=one) for one in customers])
    return segment


def make_rule(rules: dict, *, on: Voucher | Campaign | None = None, **changes: Any) -> ValidationRule:
    """Create a validation rule, assigned to `on` when that is given."""
    rule = ValidationRule.objects.create(**{"name": f"Rule {next(_numbers)}", "rules": rules, **changes})
    if on is not None:
        RuleAssignment.objects.create(
            rule=rule, related_object_type=type(on).__name__.lower(), related_object_id=on.public_id
        )
    return rule


def make_redemption(*, voucher: Voucher | None = None, customer: Customer | None = None, **changes: Any) -> Redemption:
    """Write an attempt straight into the table, for lists; a success unless a `failure_code` is given."""
    at: datetime = changes.pop("created_at", None) or timezone.now()
    failed = bool(changes.get("failure_code"))
    result = "FAILURE" if failed else "SUCCESS"
    campaign = changes.pop("campaign", voucher.campaign if voucher else None)
    values = {
        "created_at": at,
        "public_id": new_redemption_id(result, at),
        "result": result,
        "status": "FAILED" if failed else "SUCCEEDED",
        "code": voucher.code if voucher else f"GUESS-{next(_numbers)}",
        "voucher": voucher,
        "voucher_public_id": voucher.public_id if voucher else "",
        "campaign": campaign,
        "campaign_name": campaign.name if campaign else "",
        "customer": customer,
        "customer_name": customer.name if customer else "",
        "customer_source_id": (customer.source_id or "") if customer else "",
        "channel_type": "API",
        "channel_name": "Web shop",
        "amount": 5000,
    }
    return Redemption.objects.create(**{**values, **changes})


def make_rollback(redemption: Redemption, **changes: Any) -> Rollback:
    """Write a successful rollback straight into the table and mark the redemption."""
    at: datetime = changes.pop("created_at", None) or timezone.now()
    redemption.status = Redemption.Status.ROLLED_BACK
    redemption.save(update_fields=["status"])
    values = {
        "created_at": at,
        "public_id": new_rollback_id("SUCCESS", at),
        "redemption": redemption,
        "result": "SUCCESS",
        "channel_type": "API",
        "channel_name": "Web shop",
        "reason": "Returned",
    }
    return Rollback.objects.create(**{**values, **changes})
