"""The numbers of a campaign over /v1."""

from datetime import UTC, datetime

import pytest
from voucherify import models as sdk

from tests.factories import make_campaign, make_key, make_redemption, make_rollback, make_voucher

pytestmark = pytest.mark.django_db


def test_a_campaigns_summary_counts_what_came_of_it(client):
    keys = make_key()
    campaign = make_campaign(name="Sale")
    voucher = make_voucher(campaign=campaign, created_at=datetime(2026, 1, 1, tzinfo=UTC))
    january, march = datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 3, 15, tzinfo=UTC)
    make_redemption(voucher=voucher, created_at=january, discount_amount=1000)
    undone = make_redemption(voucher=voucher, created_at=march, amount=700, discount_amount=100)
    make_rollback(undone, created_at=march)
    make_redemption(voucher=voucher, created_at=march, failure_code="voucher_expired")
    make_redemption(voucher=make_voucher(), created_at=march)

    answer = client.get("/v1/campaigns/Sale/summary", headers=keys).json()

    assert sdk.CampaignsSummaryGetResponseBody.from_dict(answer).redemptions == 3
    assert (answer["redemptions_succeeded"], answer["redemptions_failed"], answer["rollbacks_succeeded"]) == (2, 1, 1)
    assert (answer["orders_amount"], answer["orders_rolledback_amount"]) == (5700, 700)
    assert (answer["discounted_amount"], answer["rolledback_discounted_amount"]) == (1100, 100)
    assert answer["vouchers_created"] == 1
    early = client.get("/v1/campaigns/Sale/summary?end_date=2026-02-01", headers=keys).json()
    assert (early["redemptions"], early["rollbacks"], early["vouchers_created"]) == (1, 0, 1)
    late = client.get("/v1/campaigns/Sale/summary?start_date=2026-02-01", headers=keys).json()
    assert (late["redemptions"], late["rollbacks"], late["vouchers_created"]) == (2, 1, 0)
    assert client.get("/v1/campaigns/Sale/summary?start_date=soon", headers=keys).status_code == 400
    assert client.get("/v1/campaigns/None/summary", headers=keys).status_code == 404
