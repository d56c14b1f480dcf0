"""Voucherify's own Python SDK against the running server: create, redeem, fail, roll back, list, export, download."""

import csv
import io
import json
import time
import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
import voucherify
from voucherify.exceptions import ApiException

from tests.live import LiveStack

SECONDS = 60


def until(ready: Callable[[], object]) -> object:
    """Return the first true answer of `ready`; fail when there is none in time."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if answer := ready():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"not within {SECONDS} seconds")


@pytest.fixture
def client(live_stack: LiveStack) -> voucherify.ApiClient:
    keys = {"X-App-Id": live_stack.app_id, "X-App-Token": live_stack.app_token}
    return voucherify.ApiClient(voucherify.Configuration(host=live_stack.url, api_key=keys))


def redeem(client: voucherify.ApiClient, code: str, **body):
    request = {"redeemables": [{"object": "voucher", "id": code}], **body}
    return voucherify.RedemptionsApi(client).redeem_stacked_discounts(
        voucherify.RedemptionsRedeemRequestBody.from_dict(request)
    )


def test_a_shop_on_the_python_sdk_changes_host_and_keys_and_goes_on(client, live_stack):
    campaigns, vouchers = voucherify.CampaignsApi(client), voucherify.VouchersApi(client)
    redemptions, exports = voucherify.RedemptionsApi(client), voucherify.ExportsApi(client)
    mark = uuid.uuid4().hex[:8]
    name, code = f"SDK campaign {mark}", f"SDK-{mark}"

    # Create a campaign with codes, and one code of its own.
    discount = {"type": "AMOUNT", "amount_off": 1000}
    campaign = campaigns.create_campaign(
        voucherify.CampaignsCreateRequestBody.from_dict(
            {
                "name": name,
                "campaign_type": "DISCOUNT_COUPONS",
                "vouchers_count": 3,
                "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount},
            }
        )
    )
    assert (campaign.name, campaign.vouchers_count) == (name, 3)
    voucher = vouchers.create_voucher(
        code,
        voucherify.VouchersCreateWithSpecificCodeRequestBody.from_dict(
            {"type": "DISCOUNT_VOUCHER", "campaign": name, "discount": discount, "redemption": {"quantity": 1}}
        ),
    )
    assert (voucher.code, voucher.campaign, voucher.redemption.quantity) == (code, name, 1)

    # Redeem it.
    order = {"amount": 5000, "items": [{"product_id": "tea", "quantity": 2, "price": 2500}]}
    answer = redeem(client, code, order=order, customer={"source_id": f"shop-{mark}"}, metadata={"till": "4"})
    success = answer.redemptions[0]
    assert (success.result, success.status) == ("SUCCESS", "SUCCEEDED")
    assert (answer.order.amount, answer.order.total_discount_amount, answer.order.total_amount) == (5000, 1000, 4000)

    # Fail: the only use is taken.
    with pytest.raises(ApiException) as refusal:
        redeem(client, code, order=order)
    error = json.loads(refusal.value.body)
    assert (refusal.value.status, error["key"]) == (400, "quantity_exceeded")
    failed = redemptions.get_redemption(error["resource_id"])
    assert (failed.result, failed.status, failed.failure_code) == ("FAILURE", "FAILED", "quantity_exceeded")

    # Roll back, and the code is good again.
    rollback = redemptions.rollback_redemption(success.id, reason="Returned")
    assert (rollback.redemption, rollback.reason, rollback.result) == (success.id, "Returned", "SUCCESS")
    assert redemptions.get_redemption(success.id).status == "ROLLED_BACK"
    assert vouchers.get_voucher(code).redemption.redeemed_quantity == 0

    # List, with filters.
    filters = voucherify.ParameterFiltersListRedemptions.from_dict(
        {"voucher_code": {"conditions": {"$is": code}}, "object": {"conditions": {"$is": "redemption"}}}
    )
    listed = redemptions.list_redemptions(limit=100, filters=filters)
    assert [one.actual_instance.id if hasattr(one, "actual_instance") else one.id for one in listed.redemptions] == [
        failed.id,
        success.id,
    ]
    assert redemptions.get_voucher_redemptions(code).total == 3

    # Export and download.
    export = exports.create_export(
        voucherify.ExportsCreateRequestBody.from_dict(
            {
                "exported_object": "redemption",
                "parameters": {
                    "order": "-created_at",
                    "fields": ["id", "voucher_code", "result", "failure_code", "order_amount"],
                    "filters": {"voucher_code": {"conditions": {"$is": [code]}}},
                },
            }
        )
    )
    done = until(lambda: (one := exports.get_export(export.id)).status == "DONE" and one)
    token = parse_qs(urlsplit(done.result.url).query)["token"][0]
    rows = list(csv.reader(io.StringIO(exports.download_export(export.id, token))))
    assert rows[1:] == [
        [failed.id, code, "FAILURE", "quantity_exceeded", "5000"],
        [success.id, code, "SUCCESS", "", "5000"],
    ]

    # Every call stands in the log, told apart by the SDK's own channel.
    told = live_stack.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from voucherify_admin.api.models import ApiCall;"
        f"calls = ApiCall.objects.touching('voucher', '{code}');"
        "print(*{call.channel for call in calls}, calls.filter(status__gte=400).count())",
    )
    assert told.split() == ["Python-SDK", "1"]


def test_several_codes_are_kept_redeemed_and_rolled_back_together_through_the_sdk(client):
    vouchers, redemptions = voucherify.VouchersApi(client), voucherify.RedemptionsApi(client)
    mark = uuid.uuid4().hex[:8]
    codes = [f"STACK-{mark}-{number}" for number in range(2)]
    for code in codes:
        vouchers.create_voucher(
            code,
            voucherify.VouchersCreateWithSpecificCodeRequestBody.from_dict(
                {
                    "type": "DISCOUNT_VOUCHER",
                    "discount": {"type": "AMOUNT", "amount_off": 1000},
                    "redemption": {"quantity": 1},
                }
            ),
        )
    session = {"type": "LOCK", "key": f"ssn_{mark}", "ttl": 5, "ttl_unit": "MINUTES"}
    request = {
        "redeemables": [{"object": "voucher", "id": code} for code in [*codes, "NO-SUCH-CODE"]],
        "order": {"amount": 5000},
        "session": session,
    }

    checked = voucherify.ValidationsApi(client).validate_stacked_discounts(
        voucherify.ValidationsValidateRequestBody.from_dict(request)
    )
    assert (checked.valid, len(checked.redeemables), len(checked.inapplicable_redeemables)) == (True, 2, 1)
    assert (checked.session.key, checked.order.total_amount) == (session["key"], 3000)
    with pytest.raises(ApiException):
        redeem(client, codes[0])
    vouchers.release_validation_session(codes[0], session["key"])

    answer = redemptions.redeem_stacked_discounts(voucherify.RedemptionsRedeemRequestBody.from_dict(request))
    parent = answer.parent_redemption
    assert [one.voucher.code for one in answer.redemptions] == codes
    assert {one.redemption for one in answer.redemptions} == {parent.id}
    assert answer.inapplicable_redeemables[0].result.error.key == "not_found"

    undone = redemptions.rollback_stacked_redemptions(parent.id, reason="Returned")
    assert {one.redemption for one in undone.rollbacks} == {one.id for one in answer.redemptions}
    assert (undone.parent_rollback.redemption, undone.order.total_amount) == (parent.id, 5000)
    assert [vouchers.get_voucher(code).redemption.redeemed_quantity for code in codes] == [0, 0]


def test_a_wrong_key_is_refused_in_words_that_the_sdk_reads(live_stack):
    keys = {"X-App-Id": live_stack.app_id, "X-App-Token": str(uuid.uuid4())}
    client = voucherify.ApiClient(voucherify.Configuration(host=live_stack.url, api_key=keys))

    with pytest.raises(ApiException) as refusal:
        voucherify.VouchersApi(client).get_voucher("ANY")

    assert refusal.value.status == 401
    assert json.loads(refusal.value.body)["key"] == "unauthorized"
