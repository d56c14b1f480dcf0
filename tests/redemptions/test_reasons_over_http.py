"""Each reason by a real request: the body comes from the README, the voucher is made as its last column says."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from redemptions.engine import Reason
from redemptions.models import Redemption
from tests import factories
from tests.test_readme import table
from voucherify_admin.api.models import ApiCall

CODE = "THE-CODE"
DAY = timedelta(days=1)


def voucher_with(rules: dict | None = None, **changes) -> None:
    voucher = factories.make_voucher(code=CODE, **changes)
    if rules:
        factories.make_rule({"1": rules}, on=voucher, name="The rule")


def rule_on(name: str, **conditions) -> dict:
    return {"name": name, "conditions": {f"${operator}": [value] for operator, value in conditions.items()}}


def a_segment() -> dict:
    return rule_on("customer.segment", **{"is": factories.make_segment(name="VIP").public_id})


def once_per_customer() -> None:
    voucher_with(rule_on("redemption.count.per_customer", less_than_or_equal=1))
    client = Client(headers=factories.make_key())
    body = {"customer": {"source_id": "regular"}}
    assert client.post(f"/v1/vouchers/{CODE}/redemption", body, content_type="application/json").status_code == 200


GIVEN = {
    "any voucher": voucher_with,
    "no voucher of that code": lambda: None,
    "a disabled voucher": lambda: voucher_with(is_active=False),
    "a voucher that starts tomorrow": lambda: voucher_with(start_date=timezone.now() + DAY),
    "a voucher that expired yesterday": lambda: voucher_with(expiration_date=timezone.now() - DAY),
    "a voucher that is closed today": lambda: voucher_with(
        validity_day_of_week=[(timezone.now().isoweekday() + 3) % 7]
    ),
    "a voucher used as often as it may be": lambda: voucher_with(quantity=100, redeemed_quantity=100),
    "a voucher with a rule on `order.amount`": lambda: voucher_with(rule_on("order.amount", more_than_or_equal=5000)),
    "a voucher with a rule on `product.id`": lambda: voucher_with(rule_on("product.id", **{"is": "tea"})),
    "a voucher with a rule on `customer.segment`": lambda: voucher_with(a_segment()),
    "a voucher with a rule on `redemption.count.per_customer`": once_per_customer,
    "a gift card that holds less": lambda: voucher_with(type="GIFT_VOUCHER", gift_balance=1000),
}


@pytest.mark.django_db
@pytest.mark.parametrize("row", table("reasons"), ids=lambda row: row[2].strip("`"))
def test_the_request_of_the_readme_fails_for_its_reason_and_is_recorded(row):
    _, label, key, status, body, given = row
    reason = Reason(key.strip("`"))
    GIVEN[given]()
    client = Client(headers=factories.make_key())

    response = client.post(
        f"/v1/vouchers/{CODE}/redemption", json.loads(body.strip("`")), content_type="application/json"
    )

    error = response.json()
    assert (response.status_code, error["code"]) == (int(status), int(status))
    assert (error["key"], error["message"]) == (reason.value, reason.message)
    assert error["resource_type"] == "redemption"

    attempt = Redemption.objects.get(public_id=error["resource_id"])
    assert (attempt.result, attempt.status, attempt.failure_code) == ("FAILURE", "FAILED", reason.value)
    assert attempt.code == CODE
    assert attempt.reason.label == label
    assert attempt.facts["check"] == reason.value

    call = ApiCall.objects.touching("redemption", attempt.public_id).get()
    assert call.request_id == attempt.request_id == error["request_id"]
    assert ApiCall.objects.touching("voucher", CODE).filter(pk=call.pk).exists()


def test_no_reason_is_left_out():
    assert {row[2].strip("`") for row in table("reasons")} == {reason.value for reason in Reason}
