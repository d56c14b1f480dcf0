"""Redemptions and rollbacks are told to webhooks: signed, with Voucherify's envelope, retried, never at their cost."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from kombu.exceptions import OperationalError

from redemptions import actions
from redemptions.actions import RollbackRequest
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests.factories import make_campaign, make_key, make_user, make_voucher
from voucherify_admin.notifications.models import Notification
from voucherify_admin.webhooks import actions as webhooks
from voucherify_admin.webhooks import models, tasks
from voucherify_admin.webhooks.models import Delivery, Target, wait_after
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

KEY = Channel("API", "app-1", "Web shop", None)


def redeem(code: str, **changes) -> Redemption:
    return actions.redeem(RedeemRequest(code=code, channel=KEY, request_id="v-1", **changes))


def body_of(got) -> dict:
    return json.loads(got.body)


def test_a_redemption_is_told_with_the_envelope_and_a_signature_that_holds(target, receiver):
    campaign = make_campaign(name="Spring")
    voucher = make_voucher(code="ÄÖ-1", campaign=campaign)
    redemption = redeem("ÄÖ-1", order={"amount": 5000}, customer={"source_id": "shop-1"}, metadata={"till": "4"})
    (delivery,) = Delivery.objects.all()
    assert (delivery.state, delivery.attempts, delivery.entity_id) == ("PENDING", 0, redemption.public_id)
    tasks.deliver(target.pk)
    (got,) = receiver.got
    signed = hmac.new(target.secret.encode(), got.body, hashlib.sha256).hexdigest()
    assert got.headers["x-voucherify-signature"] == signed
    body = body_of(got)
    # Compact, as Voucherify signs it.
    assert got.body == json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    assert (body["id"], body["type"]) == (delivery.public_id, "redemption.succeeded")
    assert body["source"] == {"id": target.public_id, "object": "webhook", "target_url": receiver.url}
    event = body["event"]
    assert event["id"].startswith("evred_")
    assert (event["entity_id"], event["group_id"]) == (redemption.public_id, "v-1")
    assert event["event_source"] == {"channel": "API", "api_key": {"name": "Web shop", "app_id": "app-1"}}
    data = body["data"]
    assert set(data) == {
        *("customer", "order", "campaign", "voucher", "holder", "promotion_tier", "redemption", "created_at"),
    }
    assert (data["redemption"]["id"], data["redemption"]["metadata"]) == (redemption.public_id, {"till": "4"})
    assert (data["voucher"]["code"], data["voucher"]["redemption"]["redeemed_quantity"]) == ("ÄÖ-1", 1)
    assert (data["campaign"]["id"], data["customer"]["source_id"]) == (campaign.public_id, "shop-1")
    assert (data["order"]["total_discount_amount"], voucher.code) == (1000, "ÄÖ-1")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.response_status) == ("DELIVERED", 1, 200)
    assert (delivery.response_body, delivery.error, delivery.next_attempt_at) == ('{"ok":true}', "", None)
    assert not target.deliver_due()
    assert len(receiver.got) == 1


def test_failures_and_rollbacks_are_told_too(target, receiver):
    make_voucher(code="A")
    redeem("NONE")
    done = redeem("A")
    for _ in range(2):
        actions.roll_back(RollbackRequest(redemption_id=done.public_id, channel=Channel("USER", "user_1", "ann")))
    tasks.deliver(target.pk)
    bodies = [body_of(got) for got in receiver.got]
    assert [body["type"] for body in bodies] == [
        "redemption.failed",
        "redemption.succeeded",
        "redemption.rollback.succeeded",
        "redemption.rollback.failed",
    ]
    assert bodies[0]["data"]["redemption"]["failure_code"] == "not_found"
    assert bodies[0]["data"]["voucher"] is None
    assert bodies[1]["data"]["redemption"]["status"] == "SUCCEEDED"
    undone = bodies[2]["data"]
    assert (undone["redemption"]["status"], undone["redemption_rollback"]["result"]) == ("ROLLED_BACK", "SUCCESS")
    assert undone["voucher"]["redemption"]["redeemed_quantity"] == 0
    assert bodies[2]["event"]["event_source"] == {"channel": "USER_PORTAL", "user": {"id": "user_1"}}
    assert bodies[3]["data"]["redemption_rollback"]["failure_code"] == "already_rolled_back"


def test_a_voucher_that_is_switched_is_told_by_whom(target, receiver, client):
    make_voucher(code="A")
    headers = make_key(name="Shop")
    for act in ("disable", "disable", "enable"):
        assert client.post(f"/v1/vouchers/A/{act}", headers=headers).status_code == 200
    staff = make_user("User")
    client.force_login(staff)
    voucher = Voucher.objects.get()
    client.post(f"/vouchers/{voucher.public_id}/disable/")
    tasks.deliver(target.pk)
    bodies = [body_of(got) for got in receiver.got]
    told = [(body["type"], body["data"]["voucher"]["active"]) for body in bodies]
    # Disabling what is disabled changes nothing.
    assert told == [("voucher.disabled", False), ("voucher.enabled", True), ("voucher.disabled", False)]
    assert bodies[0]["event"]["event_source"]["api_key"]["name"] == "Shop"
    assert bodies[2]["event"]["event_source"] == {"channel": "USER_PORTAL", "user": {"id": staff.public_id}}
    assert {body["event"]["entity_id"] for body in bodies} == {voucher.public_id}


def test_only_what_was_chosen_is_told_and_only_while_active(target):
    Target.objects.filter(pk=target.pk).update(events=["redemption.failed"])
    Target.objects.create(name="Off", url="http://1.1.1.1/", events=["redemption.failed"], is_active=False)
    make_voucher(code="A")
    redeem("A")
    assert not Delivery.objects.exists()
    redeem("NONE")
    assert Delivery.objects.get().target == target


def test_each_of_two_targets_gets_the_same_event_under_its_own_id(target):
    Target.objects.create(name="Second", url=target.url, events=["redemption.failed"])
    redeem("NONE")
    one, two = Delivery.objects.all()
    assert one.event_id == two.event_id
    assert one.public_id != two.public_id
    assert one.target.secret != two.target.secret


def test_a_failed_delivery_is_retried_later_and_later_and_then_given_up(target, receiver):
    receiver.status = 500
    redeem("NONE")
    now = Delivery.objects.get().next_attempt_at
    waits = []
    for attempt in range(1, models.MOST_ATTEMPTS + 1):
        target.deliver_due(now=now)
        delivery = Delivery.objects.get()
        assert (delivery.attempts, len(receiver.got)) == (attempt, attempt)
        if delivery.state == "FAILED":
            break
        assert delivery.error == "The receiver answered with the status 500."
        target.deliver_due(now=delivery.next_attempt_at - timedelta(seconds=1))
        assert len(receiver.got) == attempt, "not before its time"
        waits.append((delivery.next_attempt_at - now).total_seconds() / 60)
        now = delivery.next_attempt_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1440]
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("FAILED", 13, None)
    assert len({got.body for got in receiver.got}) == 1, "the receiver sees the same id each time"
    assert wait_after(1) == timedelta(minutes=1)

    receiver.status = 200
    delivery.send_again(now=now)
    target.deliver_due(now=now)
    assert Delivery.objects.get().state == "DELIVERED"
    assert receiver.got[-1].body == receiver.got[0].body


def test_administrators_are_told_once_that_a_webhook_is_given_up_until_it_works_again(target, receiver):
    boss, _ = make_user("Administrator"), make_user("User")
    gone = make_user("Administrator", is_active=False)

    def give_up() -> Delivery:
        receiver.status = 500
        redeem("NONE")
        delivery = Delivery.objects.latest("pk")
        Delivery.objects.filter(pk=delivery.pk).update(attempts=models.MOST_ATTEMPTS - 1)
        target.deliver_due()
        delivery.refresh_from_db()
        assert delivery.state == "FAILED"
        return delivery

    first = give_up()
    notice = Notification.objects.get()
    assert (notice.user, notice.kind, notice.title) == (boss, "webhook_failed", "Shop does not receive its webhooks")
    assert "redemption.failed was given up after 13 attempts. The receiver answered with the status 500." in notice.text
    assert notice.url == f"/webhooks/deliveries/{first.public_id}/"
    assert not gone.notifications.exists()
    give_up()
    assert Notification.objects.count() == 1, "not again while it is down"

    receiver.status = 200
    redeem("NONE")
    target.deliver_due()
    assert Target.objects.get().given_up_at is None
    give_up()
    assert Notification.objects.count() == 2


def test_a_receiver_that_is_down_costs_one_attempt_a_round(target, settings):
    Target.objects.filter(pk=target.pk).update(url="http://127.0.0.1:1/")
    target.refresh_from_db()
    for _ in range(3):
        redeem("NONE")
    assert not target.deliver_due()
    assert sorted(Delivery.objects.values_list("attempts", flat=True)) == [0, 0, 1]


def test_a_task_delivered_twice_sends_once_and_a_dead_worker_s_claim_ends(target, receiver):
    redeem("NONE")
    delivery, twin = Delivery.objects.get(), Delivery.objects.get()
    now = timezone.now()
    # A worker that claimed it and died before it sent.
    claim = Delivery.objects.filter(pk=delivery.pk)
    claim.update(next_attempt_at=now + models.LEASE, attempts=1)
    assert twin.attempt(now=now) is None
    assert receiver.got == []
    assert twin.attempt(now=now + models.LEASE).is_success
    assert delivery.attempt(now=now + models.LEASE) is None
    assert len(receiver.got) == 1


def test_what_is_due_is_found_when_its_task_was_lost(target, receiver, monkeypatch):
    redeem("NONE")
    handed: list[int] = []
    monkeypatch.setattr(tasks.deliver, "delay", handed.append)
    tasks.deliver_due()
    assert handed == [target.pk]
    tasks.deliver(target.pk)
    tasks.deliver_due()
    assert handed == [target.pk]
    tasks.deliver(10**9)


def test_a_private_target_is_refused_at_delivery_too(target, receiver, settings):
    settings.WEBHOOKS_ALLOW_PRIVATE = False
    redeem("NONE")
    tasks.deliver(target.pk)
    assert receiver.got == []
    assert "not on the public Internet" in Delivery.objects.get().error


def test_a_redeem_without_a_target_pays_one_small_query(db):
    make_voucher(code="A")
    with CaptureQueriesContext(connection) as queries:
        redeem("A")
    about = [query["sql"] for query in queries if "webhooks_" in query["sql"]]
    assert len(about) == 1


def test_nothing_about_webhooks_fails_a_redeem(target, client, monkeypatch):
    make_voucher(code="A")

    def broken(*_):
        raise RuntimeError

    monkeypatch.setattr(webhooks, "import_string", broken)
    answer = client.post("/v1/vouchers/A/redemption", headers=make_key(), content_type="application/json")
    assert (answer.status_code, answer.json()["result"]) == (200, "SUCCESS")
    assert not Delivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_redeem_does_not_wait_for_a_broker_that_is_down(target, monkeypatch):
    make_voucher(code="A")
    tried: list[list] = []

    def down(*arguments, **_):
        tried.append(arguments)
        raise OperationalError("no broker")

    monkeypatch.setattr(tasks.deliver, "apply_async", down)
    monkeypatch.setattr(tasks, "enqueue", tasks.Broker().take)
    assert redeem("A").status == "SUCCEEDED"
    assert redeem("NONE").status == "FAILED"
    assert len(tried) == 1, "it is not asked again at once"
    assert set(Delivery.objects.values_list("state", flat=True)) == {"PENDING"}


@pytest.mark.django_db(transaction=True)
def test_whatever_goes_wrong_after_the_commit_the_redeem_is_answered(target, monkeypatch):
    monkeypatch.setattr(tasks, "enqueue", lambda _: 1 / 0)
    assert redeem("NONE").status == "FAILED"
    assert Delivery.objects.count() == 1


def test_a_redeem_that_is_undone_tells_nothing(target):
    with transaction.atomic():
        redeem("NONE")
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_new_secret_ends_the_old_one_and_none_is_stored(target):
    before = target.secret
    assert before.startswith("whsec_")
    assert before == Target.objects.get().secret
    target.renew_secret()
    assert Target.objects.get().secret != before
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM webhooks_target AS t")
        assert Target.objects.get().secret.removeprefix("whsec_") not in cursor.fetchone()[0]


def test_old_deliveries_are_deleted_and_waiting_ones_are_kept(target, settings):
    redeem("NONE")
    redeem("NONE")
    old = timezone.now() - timedelta(days=settings.WEBHOOK_RETENTION_DAYS + 1)
    Delivery.objects.update(created_at=old)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="DELIVERED")
    tasks.prune_deliveries()
    assert Delivery.objects.get().state == "PENDING"
