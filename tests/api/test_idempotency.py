"""A call that is sent again with its Idempotency-Key: one effect, the first answer, and nothing for strangers."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from redemptions import actions
from redemptions.models import Redemption, Rollback
from tests import factories
from voucherify_admin.api.models import ApiCall, IdempotentAnswer
from voucherify_admin.api.tasks import forget_idempotent_answers
from vouchers.models import Voucher

KEY = {"Idempotency-Key": "order-1"}


@pytest.fixture
def client() -> Client:
    return Client(headers=factories.make_key())


def post(client: Client, path: str, body=None, headers=KEY):
    return client.post(path, body or {}, content_type="application/json", headers=headers)


def stack(*codes: str) -> dict:
    return {"redeemables": [{"object": "voucher", "id": code} for code in codes], "order": {"amount": 5000}}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/vouchers/TEN/redemption", {"order": {"amount": 5000}, "metadata": {"ż": "1"}}),
        ("/v1/redemptions", stack("TEN")),
        ("/v1/redemptions", stack("TEN", "GIFT")),
    ],
)
def test_the_same_call_again_is_answered_as_the_first_time_without_a_second_effect(client, path, body):
    factories.make_voucher(code="TEN", metadata={"b": 1, "a": 2}, start_date=timezone.now() - timedelta(days=1))
    factories.make_voucher(code="GIFT", type="GIFT_VOUCHER")

    first = post(client, path, body)
    attempts = Redemption.objects.count()
    again = post(client, path, body)

    assert first.status_code == again.status_code == 200
    assert first.content == again.content
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Redemption.objects.count() == attempts
    assert Voucher.objects.get(code="TEN").redeemed_quantity == 1
    calls = ApiCall.objects.touching("voucher", "TEN").order_by("created_at")
    assert [call.is_replayed for call in calls] == [False, True]


@pytest.mark.django_db
def test_a_failure_is_kept_too(client):
    first = post(client, "/v1/vouchers/TEN/redemption")
    factories.make_voucher(code="TEN")
    again = post(client, "/v1/vouchers/TEN/redemption")

    assert (again.status_code, again.json()) == (404, first.json())
    assert first.content == again.content
    assert Redemption.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("endpoint", ["rollback", "rollbacks"])
def test_a_rollback_is_done_once(client, endpoint):
    factories.make_voucher(code="TEN")
    redemption = post(client, "/v1/vouchers/TEN/redemption", headers={}).json()["id"]

    answers = [post(client, f"/v1/redemptions/{redemption}/{endpoint}?reason=x") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert Rollback.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/vouchers/TEN/redemption", {"metadata": {"a": 2}}), ("/v1/vouchers/B/redemption", None)]
)
def test_another_body_or_path_with_the_same_key_is_a_conflict(client, path, body):
    factories.make_voucher(code="TEN")
    post(client, "/v1/vouchers/TEN/redemption")

    answer = post(client, path, body)

    assert (answer.status_code, answer.json()["key"]) == (409, "idempotency_key_reused")
    assert Redemption.objects.count() == 1


@pytest.mark.django_db
def test_keys_belong_to_the_api_key_that_sent_them():
    factories.make_voucher(code="TEN")
    headers = factories.make_key()
    post(Client(headers=headers), "/v1/vouchers/TEN/redemption")

    other = post(Client(headers=factories.make_key()), "/v1/vouchers/TEN/redemption")
    stranger = post(Client(headers={**headers, "X-App-Token": "x"}), "/v1/vouchers/TEN/redemption")

    assert (other.status_code, "Idempotency-Replayed" in other) == (200, False)
    assert stranger.status_code == 401
    assert Redemption.objects.count() == 2


@pytest.mark.django_db
def test_what_the_keys_role_may_not_do_is_not_kept():
    client = Client(headers=factories.make_key("Merchant"))

    assert post(client, "/v1/redemptions", stack("TEN")).status_code == 403
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
def test_a_key_that_is_too_long_is_refused(client):
    answer = post(client, "/v1/vouchers/TEN/redemption", headers={"Idempotency-Key": "x" * 256})

    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_idempotency_key")


@pytest.mark.django_db
def test_an_answer_is_forgotten_after_its_time(client, settings):
    settings.IDEMPOTENCY_HOURS = 2
    factories.make_voucher(code="TEN")
    post(client, "/v1/vouchers/TEN/redemption")

    forget_idempotent_answers()
    assert IdempotentAnswer.objects.count() == 1
    with time_machine.travel(timezone.now() + timedelta(hours=3)):
        assert "Idempotency-Replayed" not in post(client, "/v1/vouchers/TEN/redemption", {"metadata": {"a": 1}})
        assert Redemption.objects.count() == 2
    with time_machine.travel(timezone.now() + timedelta(hours=6)):
        forget_idempotent_answers()
        assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db
def test_what_breaks_between_effect_and_answer_leaves_neither_and_can_be_sent_again(client, monkeypatch):
    factories.make_voucher(code="TEN")
    monkeypatch.setattr(IdempotentAnswer, "keep", lambda *_, **__: 1 / 0)
    assert post(client, "/v1/vouchers/TEN/redemption").status_code == 500
    assert not Redemption.objects.exists()
    assert not IdempotentAnswer.objects.exists()
    monkeypatch.undo()

    assert post(client, "/v1/vouchers/TEN/redemption").status_code == 200
    assert Voucher.objects.get().redeemed_quantity == 1
    assert actions.preview_rollback(Redemption.objects.get())["refusal"] is None
