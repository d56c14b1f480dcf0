"""What moves the balance of a gift card: loaded, taken off, redeemed, rolled back; the sum is always the balance."""

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from hypothesis import given, settings
from hypothesis import strategies as st
from voucherify import models as sdk

from redemptions import actions as uses
from redemptions.engine import Channel, RedeemRequest
from tests import factories
from tests.factories import make_campaign, make_key, make_user, make_voucher
from voucherify_admin.api.models import ApiCall
from voucherify_admin.exports.models import Export
from vouchers import actions
from vouchers.models import GiftTransaction, Origin, Voucher

API = Channel("API", "app-1", "Web shop")


@pytest.fixture
def headers() -> dict[str, str]:
    return make_key()


@pytest.fixture
def call(client, headers):
    """Send JSON to /v1 and return the answer."""

    def send(method: str, path: str, body=None, **more):
        return client.generic(
            method,
            f"/v1{path}",
            data=b"" if body is None else factories.as_json(body),
            content_type="application/json",
            headers=more.pop("headers", headers),
        )

    return send


def make_gift(balance: int = 5000, **changes) -> Voucher:
    return make_voucher(**{"code": "GIFT", "type": "GIFT_VOUCHER", "gift_balance": balance, **changes})


def amounts(code: str = "GIFT") -> list[tuple[str, int, int]]:
    rows = GiftTransaction.objects.filter(code=code).order_by("pk")
    return [(row.type.removeprefix("CREDITS_"), row.amount, row.balance) for row in rows]


def assert_sums_agree() -> None:
    for voucher in Voucher.objects.filter(type="GIFT_VOUCHER"):
        rows = GiftTransaction.objects.filter(voucher=voucher).order_by("pk")
        assert (rows.aggregate(sum=Sum("amount"))["sum"] or 0) == voucher.gift_balance
        left = 0
        for row in rows:
            left += row.amount
            assert row.balance == left
        assert voucher.gift_amount - voucher.gift_subtracted - voucher.redeemed_amount == voucher.gift_balance


@pytest.mark.django_db
def test_the_balance_is_loaded_and_taken_off_by_api(call):
    voucher = make_gift(1000)
    added = call("POST", "/vouchers/GIFT/balance", {"amount": 500, "reason": "Goodwill", "source_id": "crm-1"}).json()
    taken = call("POST", f"/vouchers/{voucher.public_id}/balance", {"amount": -1500}).json()
    for body in (added, taken):
        sdk.VouchersBalanceUpdateResponseBody.from_dict(body)
    assert added == {
        "amount": 500,
        "total": 1500,
        "balance": 1500,
        "type": "gift_voucher",
        "operation_type": "MANUAL",
        "object": "balance",
        "related_object": {"type": "voucher", "id": voucher.public_id},
    }
    assert (taken["amount"], taken["total"], taken["balance"]) == (-1500, 0, 0)
    gift = call("GET", "/vouchers/GIFT").json()["gift"]
    assert gift == {"amount": 1500, "subtracted_amount": 1500, "balance": 0, "effect": "APPLY_TO_ORDER"}
    assert amounts() == [("ADDITION", 1000, 1000), ("ADDITION", 500, 1500), ("REMOVAL", -1500, 0)]
    assert_sums_agree()
    assert ApiCall.objects.touching("voucher", "GIFT").filter(path__endswith="/balance").count() == 1 + 1


REFUSED = [
    ({"amount": -5001}, "invalid_amount", "The balance is 5000: at most as much can be taken off, not 5001"),
    ({"amount": 10**15}, "invalid_amount", "A gift card can hold"),
    ({"amount": 0}, "invalid_payload", "other than 0"),
    ({"amount": 10.5}, "invalid_payload", "Property .amount"),
    ({"amount": "10"}, "invalid_payload", "Property .amount"),
    ({"amount": True}, "invalid_payload", "Property .amount"),
    ({}, "invalid_payload", "amount"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("body", "key", "details"), REFUSED, ids=[str(body) for body, *_ in REFUSED])
def test_a_change_that_cannot_be_is_refused_and_changes_nothing(call, body, key, details):
    make_gift()
    response = call("POST", "/vouchers/GIFT/balance", body)
    assert (response.status_code, response.json()["key"]) == (400, key)
    assert details in response.json()["details"]
    assert amounts() == [("ADDITION", 5000, 5000)]


@pytest.mark.django_db
def test_only_a_gift_card_has_a_balance_and_only_who_may_change_vouchers_may_change_it(call):
    make_voucher(code="TEN-OFF")
    response = call("POST", "/vouchers/TEN-OFF/balance", {"amount": 100})
    assert (response.status_code, response.json()["key"]) == (400, "invalid_voucher")
    assert call("POST", "/vouchers/NONE/balance", {"amount": 100}).status_code == 404
    assert call("GET", "/vouchers/NONE/transactions").status_code == 404
    make_gift()
    assert call("POST", "/vouchers/GIFT/balance", {"amount": 1}, headers=make_key("Merchant")).status_code == 403
    assert call("GET", "/vouchers/TEN-OFF/transactions").json() == {
        "object": "list",
        "data_ref": "data",
        "data": [],
        "has_more": False,
    }


@pytest.mark.django_db
def test_transactions_tell_the_redemption_and_the_rollback_that_they_come_from(call):
    call("POST", "/vouchers/GIFT", {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}})
    redemption = call(
        "POST", "/vouchers/GIFT/redemption", {"gift": {"credits": 1200}, "order": {"amount": 9000}}
    ).json()
    rollback = call("POST", f"/redemptions/{redemption['id']}/rollback", {"reason": "Returned"}).json()
    body = call("GET", "/vouchers/GIFT/transactions").json()
    sdk.VouchersTransactionsListResponseBody.from_dict(body)
    refund, spent, loaded = body["data"]
    assert [row["type"] for row in body["data"]] == ["CREDITS_REFUND", "CREDITS_REDEMPTION", "CREDITS_ADDITION"]
    assert [row["details"]["balance"]["amount"] for row in body["data"]] == [1200, -1200, 5000]
    assert [row["details"]["balance"]["balance"] for row in body["data"]] == [5000, 3800, 5000]
    assert [row["details"]["balance"]["total"] for row in body["data"]] == [5000, 5000, 5000]
    assert (spent["details"]["redemption"], spent["source"]) == ({"id": redemption["id"]}, None)
    assert refund["details"]["rollback"] == {"id": rollback["id"]}
    assert refund["reason"] == "Returned"
    assert (loaded["source"], loaded["details"]["balance"]["operation_type"]) == ("API", "MANUAL")
    assert all(row["id"].startswith("vtx_") and len(row["id"]) == 22 for row in body["data"])
    assert_sums_agree()


@pytest.mark.django_db
def test_pages_of_transactions_follow_each_other_in_both_orders(call):
    make_gift(100)
    for amount in range(1, 6):
        call("POST", "/vouchers/GIFT/balance", {"amount": amount})

    def walk(order: str) -> list[int]:
        seen, after = [], ""
        while True:
            body = call("GET", f"/vouchers/GIFT/transactions?limit=2&order={order}{after}").json()
            seen += [row["details"]["balance"]["amount"] for row in body["data"]]
            assert ("more_starting_after" in body) is body["has_more"]
            if not body["has_more"]:
                return seen
            after = f"&starting_after_id={body['more_starting_after']}"

    assert walk("-id") == [5, 4, 3, 2, 1, 100]
    assert walk("id") == [100, 1, 2, 3, 4, 5]
    response = call("GET", "/vouchers/GIFT/transactions?starting_after_id=vtx_of_another")
    assert (response.status_code, response.json()["key"]) == (400, "invalid_query_params")
    for asked in ("limit=0", "limit=101", "order=amount"):
        assert call("GET", f"/vouchers/GIFT/transactions?{asked}").status_code == 400


@pytest.mark.django_db
def test_a_campaigns_transactions_are_those_of_all_its_cards(call):
    campaign = make_campaign(name="Cards")
    for code in ("ONE", "TWO"):
        make_gift(100, code=code, campaign=campaign)
    make_gift(900)
    call("POST", "/vouchers/ONE/balance", {"amount": 11})
    body = call("GET", "/campaigns/Cards/transactions?limit=2").json()
    sdk.CampaignsTransactionsListResponseBody.from_dict(body)
    assert [row["details"]["balance"]["amount"] for row in body["data"]] == [11, 100]
    assert {row["campaign_id"] for row in body["data"]} == {campaign.public_id}
    rest = call("GET", f"/campaigns/Cards/transactions?starting_after_id={body['more_starting_after']}").json()
    assert ([row["details"]["balance"]["amount"] for row in rest["data"]], rest["has_more"]) == ([100], False)
    assert call("GET", "/campaigns/None/transactions").status_code == 404


@pytest.mark.django_db
def test_a_new_gift_amount_is_a_transaction_too(call):
    make_gift(1000)
    call("PUT", "/vouchers/GIFT", {"gift": {"amount": 1500}})
    call("PUT", "/vouchers/GIFT", {"gift": {"amount": 700}})
    call("PUT", "/vouchers/GIFT", {"gift": {"amount": 700}})
    assert amounts() == [("ADDITION", 1000, 1000), ("ADDITION", 500, 1500), ("REMOVAL", -800, 700)]
    assert_sums_agree()


@pytest.mark.django_db
def test_cards_of_a_campaign_are_loaded_when_they_are_made(call):
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 2500}}
    campaign = call("POST", "/campaigns", {"name": "Cards", "voucher": gift, "vouchers_count": 3}).json()
    call("POST", f"/campaigns/{campaign['id']}/vouchers?vouchers_count=2")
    call("POST", f"/campaigns/{campaign['id']}/vouchers/ONE-MORE")
    rows = GiftTransaction.objects.all()
    assert [(row.type, row.amount, row.campaign_public_id) for row in rows] == [
        ("CREDITS_ADDITION", 2500, campaign["id"])
    ] * 6
    assert_sums_agree()


@pytest.mark.django_db
def test_an_export_of_one_cards_transactions_holds_these_and_no_others(call):
    voucher = make_gift(5000, campaign=make_campaign())
    make_gift(100, code="OTHER")
    call("POST", "/vouchers/GIFT/balance", {"amount": -250, "reason": "=Mistake", "source_id": "crm-1"})
    body = call("POST", "/vouchers/GIFT/transactions/export").json()
    sdk.ExportsCreateResponseBody.from_dict(body)
    asked = {"voucher_id": {"conditions": {"$in": [voucher.public_id]}}}
    assert (body["exported_object"], body["status"], body["parameters"]) == (
        "voucher_transactions",
        "SCHEDULED",
        {"filters": asked},
    )
    Export.objects.get().build()
    told = call("GET", f"/exports/{body['id']}").json()
    file = b"".join(call("GET", told["result"]["url"].partition("/v1")[2]).streaming_content).decode()
    head, newest, first = file.splitlines()
    assert head == "ID,Type,Source ID,Status,Reason,Source,Balance,Amount,Creation date"
    assert newest.split(",")[1:8] == ["CREDITS_REMOVAL", "crm-1", "SUCCEEDED", "'=Mistake", "API", "4750", "-250"]
    assert first.split(",")[1] == "CREDITS_ADDITION"

    fields = {"parameters": {"order": "created_at", "fields": ["voucher_id", "amount", "details", "campaign_id"]}}
    body = call("POST", "/vouchers/GIFT/transactions/export", fields).json()
    sdk.VoucherTransactionsExportParameters.from_dict(fields["parameters"])
    assert body["parameters"] == {**fields["parameters"], "filters": asked}
    Export.objects.order_by("-pk").first().build()
    assert Export.objects.order_by("-pk").first().state == "done"
    wrong = call("POST", "/vouchers/GIFT/transactions/export", {"parameters": {"fields": ["pin"]}})
    assert (wrong.status_code, wrong.json()["key"]) == (400, "invalid_export_fields")
    assert call("POST", "/vouchers/GIFT/transactions/export", headers=make_key("Merchant")).status_code == 403


@pytest.mark.django_db
def test_the_list_of_vouchers_can_be_asked_by_amount_and_balance(call):
    make_gift(1000, code="SMALL")
    make_gift(9000, code="LARGE")
    asked = "filters[gift.amount][conditions][$more_than]=5000&filters[gift.balance][conditions][$more_than]=5000"
    assert [row["code"] for row in call("GET", f"/vouchers?{asked}").json()["vouchers"]] == ["LARGE"]


@pytest.mark.django_db
def test_a_deleted_cards_transactions_stay(call):
    make_gift(1000)
    assert call("DELETE", "/vouchers/GIFT").status_code == 204
    assert amounts() == [("ADDITION", 1000, 1000)]


@pytest.mark.django_db
def test_the_cards_page_shows_its_balance_and_what_moved_it(client, call):
    make_gift(5000)
    redemption = call(
        "POST", "/vouchers/GIFT/redemption", {"gift": {"credits": 1200}, "order": {"amount": 9000}}
    ).json()
    call("POST", "/vouchers/GIFT/balance", {"amount": -800, "reason": "Wrong <card>"})
    client.force_login(make_user("Viewer"))
    page = client.get("/vouchers/GIFT/").content.decode()
    for words in ("Left €30.00", "Spent €12.00", "Taken off €8.00", "+€50.00", "−€12.00", "Wrong &lt;card&gt;"):
        assert words in page
    assert f'href="/redemptions/{redemption["id"]}/"' in page
    assert 'class="balance-left" x="0.0" y="0" width="360.0"' in page

    rows = client.get("/transactions/?code=GIFT&type=CREDITS_REMOVAL").content.decode()
    assert "Wrong &lt;card&gt;" in rows
    assert redemption["id"] not in rows
    client.force_login(make_user(""))
    assert client.get("/transactions/").status_code == 403


@pytest.mark.django_db
def test_the_list_of_transactions_asks_no_more_queries_for_more_rows(client, django_assert_max_num_queries):
    client.force_login(make_user("User"))
    make_gift(100)
    for number in range(40):
        make_gift(100 + number, code=f"CARD-{number}")
    client.get("/transactions/")
    with django_assert_max_num_queries(6):
        assert client.get("/transactions/").content.decode().count("CARD-") >= 40


@pytest.mark.django_db
def test_cards_that_existed_before_get_an_opening_that_makes_the_sums_agree():
    make_gift(700, redeemed_amount=300, gift_amount=1000, campaign=make_campaign())
    make_gift(0, code="EMPTY", gift_amount=1000, redeemed_amount=1000)
    make_voucher(code="TEN-OFF")
    for number in range(50):
        make_gift(1 + number, code=f"CARD-{number}")
    GiftTransaction.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(import_module("vouchers.migrations.0002_gifts").OPEN)
    assert amounts() == [("ADDITION", 700, 700)]
    assert GiftTransaction.objects.count() == 51
    assert all(len(one) == 22 for one in GiftTransaction.objects.values_list("public_id", flat=True))
    assert_sums_agree()


@pytest.mark.django_db
def test_the_database_refuses_a_transaction_that_moves_nothing_or_falls_below_zero():
    voucher = make_gift(100)
    values = {"voucher": voucher, "type": "CREDITS_REMOVAL", "total": 0}
    for wrong in ({"amount": 0, "balance": 0}, {"amount": -1, "balance": -1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            GiftTransaction.objects.create(**values, **wrong)


@pytest.mark.django_db(transaction=True)
def test_changes_at_once_never_take_more_than_there_is():
    voucher = make_gift(1000)

    def take(number: int) -> int:
        try:
            if number % 2:
                return uses.redeem(RedeemRequest("GIFT", API, gift_credits=300)).gift_amount or 0
            actions.change_balance(voucher, -300, origin=Origin(voucher.created_at))
        except actions.OutOfBounds:
            return 0
        else:
            return 300
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, range(8)))
    assert sum(taken) == 900
    assert Voucher.objects.get().gift_balance == 100
    assert_sums_agree()


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("redeem"), st.integers(0, 3000)),
        st.tuples(st.just("order"), st.integers(0, 3000)),
        st.tuples(st.just("load"), st.integers(1, 3000)),
        st.tuples(st.just("take"), st.integers(1, 3000)),
        st.tuples(st.just("amount"), st.integers(1, 6000)),
        st.tuples(st.just("undo"), st.integers(0, 9)),
    ),
    max_size=12,
)


@pytest.mark.django_db
@settings(max_examples=40, derandomize=True, deadline=None)
@given(loaded=st.integers(1, 4000), moves=MOVES)
def test_whatever_happens_the_sum_of_transactions_is_the_balance(loaded, moves):
    with transaction.atomic():
        voucher = make_gift(loaded)
        done = []
        for kind, number in moves:
            before = Voucher.objects.get(pk=voucher.pk)
            origin = Origin(voucher.created_at)
            if kind == "redeem":
                done.append(uses.redeem(RedeemRequest("GIFT", API, order={"amount": 2000}, gift_credits=number)))
            elif kind == "order":
                done.append(uses.redeem(RedeemRequest("GIFT", API, order={"amount": number})))
            elif kind == "undo" and done:
                undo(done[number % len(done)])
            elif kind in ("load", "take"):
                try:
                    actions.change_balance(before, number if kind == "load" else -number, origin=origin)
                except actions.OutOfBounds:
                    assert number > before.gift_balance
            elif kind == "amount":
                try:
                    actions.update_voucher(before, {"gift_amount": number}, now=voucher.created_at)
                except actions.Unchangeable:
                    assert number < before.gift_amount
            assert_sums_agree()
        # Undoing all that was redeemed leaves what was loaded less what was taken off, and no use.
        for redemption in done:
            undo(redemption)
        after = Voucher.objects.get(pk=voucher.pk)
        assert (after.redeemed_quantity, after.redeemed_amount) == (0, 0)
        by_hand = GiftTransaction.objects.filter(type__in=["CREDITS_ADDITION", "CREDITS_REMOVAL"])
        assert after.gift_balance == by_hand.aggregate(sum=Sum("amount"))["sum"]
        assert_sums_agree()
        transaction.set_rollback(True)


def undo(redemption) -> None:
    """Roll a redemption back; what it took comes back exactly, and a second time nothing does."""
    before = Voucher.objects.get(pk=redemption.voucher_id)
    rollback = uses.roll_back(uses.RollbackRequest(redemption.public_id, API))
    after = Voucher.objects.get(pk=redemption.voucher_id)
    given_back = (redemption.gift_amount or 0) if rollback.result == "SUCCESS" else 0
    assert after.gift_balance - before.gift_balance == given_back
    assert before.redeemed_amount - after.redeemed_amount == given_back
    assert before.redeemed_quantity - after.redeemed_quantity == (1 if rollback.result == "SUCCESS" else 0)
