"""Voucherify's Python SDK reads every answer by a strict model: what breaks the contract raises in its own code."""

import uuid

import pytest
import voucherify
from voucherify.exceptions import ApiException

from tests.live import LiveStack


@pytest.fixture
def client(live_stack: LiveStack) -> voucherify.ApiClient:
    keys = {"X-App-Id": live_stack.app_id, "X-App-Token": live_stack.app_token}
    return voucherify.ApiClient(voucherify.Configuration(host=live_stack.url, api_key=keys))


@pytest.fixture
def mark() -> str:
    return uuid.uuid4().hex[:8]


DISCOUNT = {"type": "AMOUNT", "amount_off": 1000}


def make_code(client: voucherify.ApiClient, code: str, **more) -> None:
    body = {"type": "DISCOUNT_VOUCHER", "discount": DISCOUNT, **more}
    voucherify.VouchersApi(client).create_voucher(
        code, voucherify.VouchersCreateWithSpecificCodeRequestBody.from_dict(body)
    )


def test_campaigns(client, mark):
    api = voucherify.CampaignsApi(client)
    body = {
        "name": f"PY {mark}",
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": DISCOUNT},
    }
    made = api.create_campaign(voucherify.CampaignsCreateRequestBody.from_dict(body))
    assert api.get_campaign(made.id).name == f"PY {mark}"
    changed = api.update_campaign(made.id, voucherify.CampaignsUpdateRequestBody.from_dict({"description": "Spring"}))
    assert changed.description == "Spring"
    api.disable_campaign(made.id)
    assert api.get_campaign(f"PY {mark}").active is False
    api.enable_campaign(made.id)
    assert api.list_campaigns(limit=1).campaigns[0].id == made.id
    assert api.delete_campaign(made.id, force=True).async_action_id.startswith("aa_")
    with pytest.raises(ApiException) as refusal:
        api.get_campaign(made.id)
    assert refusal.value.status == 404


def test_vouchers(client, mark):
    api, code = voucherify.VouchersApi(client), f"PY-{mark}"
    make_code(client, code, metadata={"till": 4})
    changed = api.update_voucher(code, voucherify.VouchersUpdateRequestBody.from_dict({"category": "Summer"}))
    assert changed.category == "Summer"
    assert api.disable_voucher(code).active is False
    assert api.enable_voucher(code).active is True
    assert api.list_vouchers(limit=1, code=code).vouchers[0].code == code
    api.delete_voucher(code)
    with pytest.raises(ApiException) as refusal:
        api.get_voucher(code)
    assert refusal.value.status == 404


def test_customers_and_segments(client, mark):
    customers, segments = voucherify.CustomersApi(client), voucherify.SegmentsApi(client)
    body = {"source_id": f"py-{mark}", "name": "Ewa", "address": {"city": "Köln"}, "metadata": {"vip": True}}
    made = customers.create_customer(voucherify.CustomersCreateRequestBody.from_dict(body))
    assert customers.get_customer(f"py-{mark}").id == made.id
    changed = voucherify.CustomersUpdateRequestBody.from_dict({"phone": "+48 1"})
    assert customers.update_customer(made.id, changed).phone == "+48 1"
    assert customers.list_customers(limit=1).customers[0].id == made.id
    static = {"name": f"PY {mark}", "type": "static", "customers": [made.id]}
    segment = segments.create_segment(voucherify.SegmentsCreateRequestBody.from_dict(static))
    assert segments.get_segment(segment.id).name == f"PY {mark}"
    assert [one.id for one in customers.list_customer_segments(made.id).data] == [segment.id]
    segments.delete_segment(segment.id)
    assert customers.get_customer(made.id).summary.redemptions.total_redeemed == 0
    activity = customers.list_customer_activity(made.id, limit=10, category="ACTION")
    assert [event.type for event in activity.data] == ["customer.created"]
    customers.delete_customer(made.id)


def test_erasure(client, mark):
    customers = voucherify.CustomersApi(client)
    body = {"source_id": f"py-{mark}", "email": f"{mark}@example.com"}
    made = customers.create_customer(voucherify.CustomersCreateRequestBody.from_dict(body))
    erased = customers.customer_permanently_deletion(f"py-{mark}")
    assert (erased.related_object_id, erased.data_json.customer) == (made.id, 1)
    with pytest.raises(ApiException) as refusal:
        customers.get_customer(made.id)
    assert refusal.value.status == 404


def test_orders_and_publications(client, mark):
    orders, publications = voucherify.OrdersApi(client), voucherify.PublicationsApi(client)
    body = {"source_id": f"py-{mark}", "amount": 5000, "items": [{"product_id": "tea", "quantity": 1, "price": 5000}]}
    made = orders.create_order(voucherify.OrdersCreateRequestBody.from_dict(body))
    assert orders.get_order(f"py-{mark}").id == made.id
    paid = voucherify.OrdersUpdateRequestBody.from_dict({"status": "PAID"})
    assert orders.update_order(made.id, paid).status == "PAID"
    assert orders.list_orders(limit=1).orders[0].id == made.id

    make_code(client, f"PY-{mark}")
    given = {"voucher": f"PY-{mark}", "customer": {"source_id": f"py-{mark}"}}
    publication = publications.create_publication(
        publications_create_request_body=voucherify.PublicationsCreateRequestBody.from_dict(given)
    )
    assert publication.voucher.holder_id == publication.customer_id
    assert publications.list_publications(limit=1).publications[0].id == publication.id


def test_validations_and_stacks(client, mark):
    codes = [f"PY-{mark}-{number}" for number in range(2)]
    for code in codes:
        make_code(client, code)
    body = {"redeemables": [{"object": "voucher", "id": code} for code in codes], "order": {"amount": 5000}}
    validation = voucherify.ValidationsApi(client).validate_stacked_discounts(
        voucherify.ValidationsValidateRequestBody.from_dict(body)
    )
    assert (validation.valid, validation.order.total_amount) == (True, 3000)
    redemptions = voucherify.RedemptionsApi(client)
    stack = redemptions.redeem_stacked_discounts(voucherify.RedemptionsRedeemRequestBody.from_dict(body))
    assert len(stack.redemptions) == 2
    undone = redemptions.rollback_stacked_redemptions(stack.parent_redemption.id)
    assert undone.parent_rollback.result == "SUCCESS"


def test_validation_rules(client, mark):
    api = voucherify.ValidationRulesApi(client)
    rules = {"1": {"name": "order.amount", "conditions": {"$more_than": [10000]}, "rules": {}}, "logic": "1"}
    made = api.create_validation_rules(
        voucherify.ValidationRulesCreateRequestBody.from_dict({"name": f"PY {mark}", "rules": rules})
    )
    make_code(client, f"PY-{mark}")
    assignment = {"related_object_type": "voucher", "related_object_id": f"PY-{mark}"}
    bound = api.create_validation_rule_assignment(
        made.id,
        validation_rules_assignments_create_request_body=voucherify.ValidationRulesAssignmentsCreateRequestBody.from_dict(
            assignment
        ),
    )
    assert api.list_validation_rule_assignments(made.id).data[0].id == bound.id
    assert api.get_validation_rule(made.id).assignments_count == 1
    api.delete_validation_rule_assignment(made.id, bound.id)
    api.delete_validation_rules(made.id)
