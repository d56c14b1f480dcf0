"""Many random codes by one statement: exactly so many, after the pattern, not guessable, never twice."""

from collections import Counter

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.factories import as_json, make_campaign, make_key, make_voucher
from voucherify_admin.async_actions.models import AsyncAction
from vouchers import bulk, jobs
from vouchers.models import GiftTransaction, Origin, Voucher

pytestmark = pytest.mark.django_db

TEMPLATE = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "PERCENT", "percent_off": 10}}


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


def insert(count: int, **config) -> int:
    template = Voucher(type="DISCOUNT_VOUCHER", discount={"type": "AMOUNT", "amount_off": 1}, metadata={"a": '"%s"'})
    return bulk.insert_random(template, count, code_config=config, origin=Origin(timezone.now()))


def test_one_statement_makes_them_all():
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert insert(5000) == 5000
    assert len(queries) == 1
    codes = list(Voucher.objects.values_list("code", flat=True))
    assert len(set(codes)) == 5000
    assert all(len(code) == 8 and code.isascii() and code.isalnum() for code in codes)
    voucher = Voucher.objects.first()
    assert (voucher.discount, voucher.metadata) == ({"type": "AMOUNT", "amount_off": 1}, {"a": '"%s"'})
    ids = Voucher.objects.order_by("pk").values_list("public_id", flat=True)
    assert all(len(each) == 20 and each.startswith("v_") for each in ids)
    assert list(ids) == sorted(ids)


def test_each_character_comes_about_as_often_in_each_place():
    insert(20_000, length=20, charset="0123456789")
    codes = list(Voucher.objects.values_list("code", flat=True))
    for place in range(20):
        counts = Counter(code[place] for code in codes)
        assert len(counts) == 10
        assert max(counts.values()) < 2300, (place, counts)
        assert min(counts.values()) > 1700, (place, counts)
    # Neighbouring places do not follow from each other, also where another id begins.
    for place in range(19):
        assert max(Counter(code[place : place + 2] for code in codes).values()) < 300


def test_a_pattern_is_filled_and_its_text_is_kept_to_the_letter():
    assert insert(50, pattern="A-##%s_{0}#", prefix="#'", postfix="\\ß", charset="äöü€") == 50
    for code in Voucher.objects.values_list("code", flat=True):
        assert code.startswith("#'A-")
        assert code.endswith("\\ß")
        assert code[6:11] == "%s_{0"[:5]
        assert set(code[4:6]) <= set("äöü€")


def test_a_pattern_is_used_to_its_last_code_and_no_further():
    make_voucher(code="X-3")
    assert insert(5, pattern="X-#", charset="0123456789") == 5
    assert insert(10, pattern="X-#", charset="0123456789") == 4
    assert Voucher.objects.filter(code__startswith="X-").count() == 10
    assert insert(1, pattern="X-#", charset="0123456789") == 0
    assert insert(2, pattern="ONE") == 1


def test_codes_that_exist_are_drawn_anew():
    assert insert(900, length=3, charset="0123456789") == 900
    assert insert(60, length=3, charset="0123456789") == 60
    assert Voucher.objects.count() == 960


def test_several_codes_for_a_campaign_are_made_by_a_worker(call):
    call("POST", "/campaigns", {"name": "Add", "voucher": TEMPLATE})
    answer = call("POST", "/campaigns/Add/vouchers?vouchers_count=120", {"category": "bulk", "metadata": {"n": 1}})
    assert answer.status_code == 202
    action = AsyncAction.objects.get(public_id=answer.json()["async_action_id"])
    assert call("GET", "/campaigns/Add").json()["vouchers_generation_status"] == "IN_PROGRESS"
    action.run()
    told = call("GET", f"/async-actions/{action.public_id}").json()
    assert (told["type"], told["status"], told["operation_status"]) == ("CAMPAIGN.VOUCHERS_GENERATE", "DONE", "SUCCESS")
    assert told["result"]["done_count"] == 120
    campaign = call("GET", "/campaigns/Add").json()
    assert (campaign["vouchers_count"], campaign["vouchers_generation_status"]) == (120, "DONE")
    voucher = call("GET", "/vouchers?campaign=Add").json()["vouchers"][0]
    assert (voucher["category"], voucher["metadata"], voucher["discount"]["percent_off"]) == ("bulk", {"n": 1}, 10)


def test_a_large_campaign_is_created_at_once_and_filled_by_a_worker(call, monkeypatch):
    monkeypatch.setattr(jobs, "CODES", 5000)
    made = call("POST", "/campaigns", {"name": "Large", "voucher": TEMPLATE, "vouchers_count": 12_000})
    assert made.status_code == 200, made.content
    assert (made.json()["vouchers_count"], made.json()["vouchers_generation_status"]) == (0, "IN_PROGRESS")
    AsyncAction.objects.get().run()
    after = call("GET", "/campaigns/Large").json()
    assert (after["vouchers_count"], after["vouchers_generation_status"]) == (12_000, "DONE")
    assert AsyncAction.objects.get().position == 12_000


def test_more_codes_than_the_pattern_has_are_refused_at_once(call):
    make_campaign(name="C", voucher_template={**TEMPLATE, "code_config": {"pattern": "C-##", "charset": "0123456789"}})
    answer = call("POST", "/campaigns/C/vouchers?vouchers_count=101")
    assert (answer.status_code, answer.json()["key"]) == (400, "invalid_payload")
    assert "can make only 100" in answer.json()["details"]
    for number in range(100):
        make_voucher(code=f"C-{number:02d}")
    later = call("POST", "/campaigns/C/vouchers?vouchers_count=5")
    action = AsyncAction.objects.get(public_id=later.json()["async_action_id"])
    action.run()
    told = call("GET", f"/async-actions/{action.public_id}").json()
    assert (told["status"], told["operation_status"]) == ("FAILED", "FAILED")
    assert "Only 0 of 5 codes are free" in told["result"]["message"]


def test_the_load_of_each_gift_card_is_a_transaction_of_the_same_statement(call):
    row = Voucher(type="GIFT_VOUCHER", gift_amount=500, gift_balance=500)
    origin = Origin(timezone.now(), "API", "app-1", "Shop")
    with CaptureQueriesContext(connection) as queries:
        assert bulk.insert_random(row, 200, code_config={"prefix": "G"}, origin=origin) == 200
    assert len(queries) == 1
    opened = list(GiftTransaction.objects.select_related("voucher"))
    assert len({one.voucher_id for one in opened}) == 200
    for one in opened:
        assert (one.voucher.code, one.voucher.public_id) == (one.code, one.voucher_public_id)
        assert (one.amount, one.balance, one.type, one.channel_name) == (500, 500, "CREDITS_ADDITION", "Shop")
        assert one.public_id.startswith("vtx_")
    campaign = {"name": "Gifts", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 700}}, "vouchers_count": 3}
    assert call("POST", "/campaigns", campaign).status_code == 200
    call("POST", "/campaigns/Gifts/vouchers?vouchers_count=2")
    AsyncAction.objects.get().run()
    made = GiftTransaction.objects.filter(amount=700)
    assert made.count() == 5
    assert set(made.values_list("channel_type", "channel_name")) == {("API", "Web shop")}
