"""The pages of webhooks: for administrators alone; the secret is shown once; a delivery shows both of its sides."""

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from tests.factories import make_user, make_voucher
from voucherify_admin.webhooks import tasks
from voucherify_admin.webhooks.events import FAMILIES
from voucherify_admin.webhooks.models import Delivery, Target

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Client:
    client = Client()
    client.force_login(make_user("Administrator"))
    return client


@pytest.fixture
def delivery(target) -> Delivery:
    actions.redeem(RedeemRequest(code="NONE", channel=Channel("API", "app-1", "Shop", None)))
    return Delivery.objects.get()


FORM = {"name": "Shop", "url": "https://1.1.1.1/hooks", "events": ["redemption.failed"], "is_active": "on"}


def test_a_webhook_is_made_and_its_secret_is_shown_once(page):
    assert "No webhook yet" in page.get("/webhooks/").content.decode()
    assert page.get("/webhooks/new/").status_code == 200
    answer = page.post("/webhooks/new/", FORM)
    target = Target.objects.get()
    assert answer.url == f"/webhooks/{target.public_id}/"
    assert (target.name, target.events, target.is_active) == ("Shop", ["redemption.failed"], True)
    first = page.get(answer.url).content.decode()
    assert target.secret in first
    assert target.secret not in page.get(answer.url).content.decode()
    assert "https://1.1.1.1/hooks" in page.get("/webhooks/").content.decode()


@pytest.mark.parametrize("url", ["http://127.0.0.1:5432/", "http://2130706433/", "ftp://example.com/", "nothing"])
def test_an_address_that_deliveries_must_not_go_to_is_refused_beside_its_field(page, url):
    answer = page.post("/webhooks/new/", {**FORM, "url": url})
    assert "url" in answer.context["form"].errors
    assert url in answer.content.decode()
    assert not Target.objects.exists()


def test_the_events_to_choose_from_stand_by_family_and_what_was_chosen_is_open(page, target):
    html = page.get("/webhooks/new/").content.decode()
    for name, events in FAMILIES:
        assert f"<span>{name}</span>" in html
        assert all(f'value="{event}"' in html and f"<code>{event}</code>" in html for event, _ in events)
    assert html.count("<details open>") == 1
    Target.objects.update(events=["redemption.failed", "campaign.created"])
    changed = page.get(f"/webhooks/{target.public_id}/edit/").content.decode()
    assert changed.count("<details open>") == 2
    assert "1 of 6" in changed
    refused = page.post("/webhooks/new/", {**FORM, "events": ["campaign.created", "nothing"]}).content.decode()
    assert "nothing is not one of the available choices" in refused
    page.post("/webhooks/new/", {**FORM, "events": ["campaign.created", "voucher.gift.balance_added"]})
    assert Target.objects.latest("pk").events == ["campaign.created", "voucher.gift.balance_added"]


def test_the_page_of_a_redemption_shows_what_webhooks_were_told_of_it(page, curious):
    make_voucher(code="A", type="GIFT_VOUCHER")
    channel = Channel("API", "app-1", "Shop", None)
    customer = {"source_id": "ann"}
    order = {"amount": 500}
    redemption = actions.redeem(RedeemRequest(code="A", channel=channel, customer=customer, order=order))
    actions.redeem(RedeemRequest(code="NONE", channel=channel))
    actions.roll_back(actions.RollbackRequest(redemption_id=redemption.public_id, channel=channel))
    address = f"/webhooks/deliveries/?about={redemption.public_id}"
    assert f'hx-get="{address}"' in page.get(f"/redemptions/{redemption.public_id}/").content.decode()
    rows = page.get(address).context["page"].rows
    assert sorted(row.event_type for row in rows) == [
        "customer.order.canceled",
        "customer.order.created",
        "customer.order.paid",
        "customer.order.updated",
        "customer.redemption.rollback.succeeded",
        "customer.redemption.succeeded",
        "redemption.rollback.succeeded",
        "redemption.succeeded",
        "voucher.gift.transaction.created",
        "voucher.gift.transaction.created",
    ]
    fragment = page.get(address, headers={"HX-Request": "true", "HX-Target": "deliveries"}).content.decode()
    assert "<html" not in fragment
    assert fragment.count(">Shop<") == 10
    assert f"/webhooks/deliveries/{rows[0].public_id}/" in fragment


def test_who_may_not_see_webhooks_sees_none_of_it_on_a_redemption(delivery):
    client = Client()
    client.force_login(make_user("User"))
    assert "Webhooks told" not in client.get(f"/redemptions/{delivery.entity_id}/").content.decode()
    assert client.get(f"/webhooks/deliveries/?about={delivery.entity_id}").status_code == 403


def test_what_was_told_of_a_redemption_is_found_by_indexes(target):
    many = [
        Delivery(target=target, event_id="ev", event_type="redemption.failed", entity_id=f"r_{number}", body="{}")
        for number in range(3000)
    ]
    Delivery.objects.bulk_create(many)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE webhooks_delivery")
    plan = Delivery.objects.about("r_7").order_by("-created_at", "-id")[:11].explain()
    assert "delivery_entity" in plan
    assert "delivery_subject" in plan


def test_a_webhook_is_changed_gets_a_new_secret_and_is_deleted(page, target):
    address = f"/webhooks/{target.public_id}/"
    assert page.get(f"{address}edit/").status_code == 200
    page.post(f"{address}edit/", {**FORM, "name": "Renamed"})
    assert Target.objects.get().name == "Renamed"
    before = target.secret
    assert page.get(f"{address}secret/").status_code == 200
    shown = page.post(f"{address}secret/", follow=True).content.decode()
    assert Target.objects.get().secret != before
    assert Target.objects.get().secret in shown
    assert page.get(f"{address}delete/").status_code == 200
    page.post(f"{address}delete/")
    assert not Target.objects.exists()
    assert page.get(address).status_code == 404


def test_a_delivery_shows_both_sides_and_is_sent_again(page, delivery, target, receiver):
    receiver.status, receiver.answer = 500, b'{"error":"closed"}'
    tasks.deliver(target.pk)
    listed = page.get(f"/webhooks/{target.public_id}/").content.decode()
    assert "redemption.failed" in listed
    assert page.get(f"/webhooks/{target.public_id}/?state=FAILED").context["page"].rows == []
    shown = page.get(f"/webhooks/deliveries/{delivery.public_id}/").content.decode()
    for text in ("x-voucherify-signature", delivery.event_id, "closed", "The receiver answered with the status 500."):
        assert text in shown
    receiver.status = 200
    answer = page.post(f"/webhooks/deliveries/{delivery.public_id}/resend/")
    assert answer.url == f"/webhooks/deliveries/{delivery.public_id}/"
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("PENDING", 0)
    assert delivery.next_attempt_at <= timezone.now()
    tasks.deliver(target.pk)
    assert Delivery.objects.get().state == "DELIVERED"


@pytest.mark.parametrize("role", ["User", "Viewer", "Merchant"])
def test_webhooks_are_the_business_of_administrators(role, delivery, target):
    client = Client()
    client.force_login(make_user(role))
    for path in ("", "new/", f"{target.public_id}/", f"{target.public_id}/edit/", f"deliveries/{delivery.public_id}/"):
        assert client.get(f"/webhooks/{path}").status_code == 403, path
    for path in (
        f"{target.public_id}/secret/",
        f"{target.public_id}/delete/",
        f"deliveries/{delivery.public_id}/resend/",
    ):
        assert client.post(f"/webhooks/{path}").status_code == 403, path
    assert "/webhooks/" not in client.get("/redemptions/").content.decode()
    assert Client().get("/webhooks/").status_code == 302
