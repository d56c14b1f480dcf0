"""Each rule at its boundary, by the API and by hand: the attempt that meets it, the one that does not, what is told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from campaigns.models import Campaign, Customer
from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests import factories
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

CODE = "THE-CODE"
# A Wednesday: the day before lies in the same week, the day after in the same month.
NOW = datetime.now(UTC).replace(day=1, hour=12, minute=30, second=0, microsecond=0) + timedelta(days=7)
NOW += timedelta(days=(2 - NOW.weekday()) % 7)
TODAY, YESTERDAY, LAST_WEEK = NOW - timedelta(hours=1), NOW - timedelta(days=1), NOW - timedelta(days=7)
LAST_MONTH = NOW - timedelta(days=32)
# 12 May 2026 14:30
TOLD_NOW = f"{NOW.day} {NOW:%b %Y %H:%M}"


def tea(quantity: int = 1, price: int = 1000, **more: Any) -> dict[str, Any]:
    return {"product_id": "tea", "quantity": quantity, "price": price, **more}


def cup(quantity: int = 1, price: int = 3000, **more: Any) -> dict[str, Any]:
    return {"product_id": "cup", "quantity": quantity, "price": price, **more}


def items(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"order": {"items": list(lines)}}


def amount(cents: int) -> dict[str, Any]:
    return {"order": {"amount": cents}}


ANN: dict[str, Any] = {"customer": {"source_id": "ann"}}
BOB: dict[str, Any] = {"customer": {"source_id": "bob"}}


@dataclass
class Shop:
    """What stands before the attempt: a voucher of a campaign, another voucher of it, and two customers."""

    campaign: Campaign
    voucher: Voucher
    other: Voucher
    ann: Customer
    bob: Customer

    def used(self, times: int = 1, *, at: datetime = TODAY, by: str = "", other: bool = False, **changes: Any) -> None:
        customer = getattr(self, by) if by else None
        for _ in range(times):
            voucher = self.other if other else self.voucher
            values = {"created_at": at, "voucher": voucher, "customer": customer, **changes}
            factories.make_redemption(**values)


@dataclass
class Row:
    """One rule: `met` and `unmet` are bodies; `before` makes the history of the unmet one, `met_before` of the met."""

    clause: dict[str, Any]
    met: dict[str, Any]
    unmet: dict[str, Any]
    reason: str
    found: Any
    sentence: str
    before: Any = None
    met_before: Any = None
    voucher: dict[str, Any] = field(default_factory=dict)
    on: str = "voucher"
    path: str = "1"

    @property
    def id(self) -> str:
        return f"{self.clause['name']} {next(iter(self.clause.get('conditions') or {'nested': 0}))} {self.path}"


def rule(name: str, operator: str = "", *wanted: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "conditions": {f"${operator}": list(wanted)} if operator else {}, **more}


def inside(**clauses: dict[str, Any]) -> dict[str, Any]:
    return {"rules": {name[1:]: clause for name, clause in clauses.items()}}


ORDER, CUSTOMER, REDEMPTION = "order_rules_violated", "customer_rules_violated", "redemption_rules_violated"


def at_most(name: str, number: int, **more: Any) -> dict[str, Any]:
    return rule(name, "less_than_or_equal", number, **more)


def counted(
    name: str, sentence: str, before: Any, met_before: Any = None, *, on: str = "voucher", body: Any = None
) -> Row:
    """A rule that allows two; `before` made two already, `met_before` made one that counts."""
    body = ANN if body is None else body
    return Row(at_most(name, 2), body, body, REDEMPTION, 3, sentence, before, met_before, on=on)


ROWS = [
    # What the order costs.
    Row(
        rule("order.amount", "more_than", 5000),
        amount(5001),
        amount(5000),
        ORDER,
        5000,
        "Order €50.00 is not above the exclusive minimum €50.00 of rule “R”.",
    ),
    Row(
        rule("order.amount", "less_than_or_equal", 5000),
        amount(5000),
        amount(5001),
        ORDER,
        5001,
        "Order €50.01 is above the maximum €50.00 of rule “R”.",
    ),
    Row(
        rule("order.total_amount", "more_than_or_equal", 4000),
        amount(5000),
        amount(4999),
        ORDER,
        3999,
        "The order's amount after the discount €39.99 is below the minimum €40.00 of rule “R”.",
    ),
    Row(
        rule("order.initial_amount", "less_than", 5000),
        {"order": {"amount": 9000, "initial_amount": 4999}},
        {"order": {"amount": 100, "initial_amount": 5000}},
        ORDER,
        5000,
        "The order's initial amount €50.00 is not below the exclusive maximum €50.00 of rule “R”.",
    ),
    # What the order holds.
    Row(
        rule("order.items.count", "more_than_or_equal", 3),
        items(tea(2), cup()),
        items(tea(2)),
        ORDER,
        2,
        "Rule “R” asks that the number of items is at least 3; it was 2.",
    ),
    Row(
        rule("order.items.price_any", "more_than_or_equal", 3000),
        items(tea(), cup()),
        items(tea(), cup(price=2999)),
        ORDER,
        [1000, 2999],
        "Rule “R” asks that the price of one of the items is at least €30.00; it was €10.00, €29.99.",
    ),
    Row(
        rule("order.items.price_each", "more_than_or_equal", 1000),
        items(tea(), cup()),
        items(tea(price=999), cup()),
        ORDER,
        [999, 3000],
        "Rule “R” asks that the price of each item is at least €10.00; it was €9.99, €30.00.",
    ),
    Row(
        rule("order.items.metadata_any", "is", "red", property="colour"),
        items(tea(metadata={"colour": "red"}), cup()),
        items(tea(metadata={"colour": "blue"}), cup()),
        ORDER,
        ["blue"],
        "Rule “R” asks that the metadata of one of the items “colour” is “red”; it was “blue”.",
    ),
    Row(
        rule("order.items.metadata_each", "is", "red", property="colour"),
        items(tea(metadata={"colour": "red"}), cup(metadata={"colour": "red"})),
        items(tea(metadata={"colour": "red"}), cup()),
        ORDER,
        ["red", None],
        "Rule “R” asks that the metadata of each item “colour” is “red”; it was “red”.",
    ),
    Row(
        rule("order.items.any", "is", "tea"),
        items(cup(), tea()),
        items(cup()),
        ORDER,
        ["cup"],
        "The order holds none of “tea”, which rule “R” asks for.",
    ),
    Row(
        rule("order.items.any", "is_not", "tea"),
        items(cup(), tea()),
        items(tea()),
        ORDER,
        ["tea"],
        "The order holds nothing but “tea”, and rule “R” asks for something else.",
    ),
    Row(
        rule(
            "order.items.any",
            "is",
            "tea",
            **inside(_1=rule("order.items.quantity", "more_than_or_equal", 3)),
        ),
        items(tea(3), cup()),
        items(tea(2), cup(9)),
        ORDER,
        [2],
        "Rule “R” asks that the quantity of the item is at least 3; it was 2.",
        path="1.1",
    ),
    Row(
        rule(
            "order.items.any",
            "in",
            "tea",
            **inside(_1=rule("order.items.aggregated_quantity", "more_than_or_equal", 5)),
        ),
        items(tea(3), tea(2, price=900)),
        items(tea(3), tea(1, price=900), cup(9)),
        ORDER,
        4,
        "Rule “R” asks that the quantity of those items together is at least 5; it was 4.",
        path="1.1",
    ),
    Row(
        rule(
            "order.items.any",
            "in",
            "tea",
            **inside(_1=rule("order.items.aggregated_amount", "more_than_or_equal", 3900)),
        ),
        items(tea(3), tea(1, price=900)),
        items(tea(3), tea(1, price=899), cup()),
        ORDER,
        3899,
        "The amount of those items together €38.99 is below the minimum €39.00 of rule “R”.",
        path="1.1",
    ),
    Row(
        rule("order.items.every", "in", "tea", "pot"),
        items(tea(), {**cup(), "product_id": "pot"}),
        items(tea(), cup()),
        ORDER,
        ["cup", "tea"],
        "Rule “R” asks that every item of the order is one of “tea” or “pot”; it was “cup”, “tea”.",
    ),
    Row(
        rule("order.items.every", **inside(_1=rule("order.items.price", "less_than_or_equal", 1000))),
        items(tea(), cup(price=1000)),
        items(tea(), cup(price=1001)),
        ORDER,
        [1001],
        "Rule “R” asks that the price of the item is at most €10.00; it was €10.01.",
        path="1.1",
    ),
    Row(
        rule("order.items.none", "is", "tea"),
        items(cup()),
        items(cup(), tea()),
        ORDER,
        ["cup", "tea"],
        "The order holds “tea”, which rule “R” excludes.",
    ),
    Row(
        rule("order.items.none", **inside(_1=rule("order.items.price", "more_than", 2999))),
        items(tea(), cup(price=2999)),
        items(tea(), cup()),
        ORDER,
        ["cup", "tea"],
        "An item of the order meets what rule “R” excludes.",
    ),
    Row(
        rule("order.items.cheapest", "is", "tea"),
        items(cup(), tea(price=3000)),
        items(cup(), tea(price=3001)),
        ORDER,
        ["cup"],
        "Rule “R” asks that the cheapest item of the order is “tea”; it was “cup”.",
    ),
    Row(
        rule("order.items.most_expensive", "is", "tea"),
        items(cup(), tea(price=3000)),
        items(cup(), tea(price=2999)),
        ORDER,
        ["cup"],
        "Rule “R” asks that the most expensive item of the order is “tea”; it was “cup”.",
    ),
    Row(
        rule("product.id", "is", "tea", **inside(_1=rule("product.quantity", "more_than_or_equal", 3))),
        items(tea(2), tea(1), cup()),
        items(tea(2), cup(9)),
        ORDER,
        2,
        "Rule “R” asks that the quantity of the product is at least 3; it was 2.",
        path="1.1",
    ),
    Row(
        rule("product.id", "is", "tea", **inside(_1=rule("product.price", "less_than_or_equal", 1000))),
        items(tea(), cup()),
        items(tea(price=1001), cup(price=5)),
        ORDER,
        [1001],
        "Rule “R” asks that the price of the product is at most €10.00; it was €10.01.",
        path="1.1",
    ),
    Row(
        rule(
            "product.metadata",
            "is",
            "Assam",
            property="origin",
            **inside(_1=rule("product.metadata.aggregated_quantity", "more_than_or_equal", 3)),
        ),
        items(tea(3, product={"metadata": {"origin": "Assam"}}), cup(5)),
        items(tea(2, product={"metadata": {"origin": "Assam"}}), cup(5)),
        ORDER,
        2,
        "Rule “R” asks that the quantity of those products together is at least 3; it was 2.",
        path="1.1",
    ),
    Row(
        rule(
            "product.metadata",
            "is",
            "Assam",
            property="origin",
            **inside(_1=rule("product.metadata.match_all", "is", True)),
        ),
        items(tea(product={"metadata": {"origin": "Assam"}})),
        items(tea(product={"metadata": {"origin": "Assam"}}), cup()),
        ORDER,
        False,
        "Rule “R” asks that all products of the order match; they do not.",
        path="1.1",
    ),
    Row(
        rule("sku.id", "is", "green", **inside(_1=rule("sku.quantity", "more_than", 1))),
        items(tea(2, sku_id="green"), cup()),
        items(tea(1, sku_id="green"), tea(9, sku_id="black")),
        ORDER,
        1,
        "Rule “R” asks that the quantity of the SKU is more than 1; it was 1.",
        path="1.1",
    ),
    # Who the customer is.
    Row(
        rule("customer.metadata", "more_than_or_equal", 18, property="age"),
        {"customer": {"source_id": "ann", "metadata": {"age": 18}}},
        {"customer": {"source_id": "ann", "metadata": {"age": 17}}},
        CUSTOMER,
        17,
        "Rule “R” asks that the customer's metadata “age” is at least 18; it was 17.",
    ),
    Row(
        rule("customer.metadata", "more_than_ago", 30, property="joined"),
        {"customer": {"source_id": "ann", "metadata": {"joined": (NOW - timedelta(days=31)).isoformat()}}},
        {"customer": {"source_id": "ann", "metadata": {"joined": "not a date"}}},
        CUSTOMER,
        "not a date",
        "Rule “R” asks that the customer's metadata “joined” is more than 30 days ago; it was “not a date”.",
    ),
    Row(
        rule("customer.email", "ends_with", "@example.com"),
        ANN,
        BOB,
        CUSTOMER,
        "bob@example.org",
        "Rule “R” asks that the customer's e-mail address ends with “@example.com”; it was “bob@example.org”.",
    ),
    Row(
        rule("customer.address.city", "is", "Berlin"),
        ANN,
        BOB,
        CUSTOMER,
        None,
        "Rule “R” asks that the customer's city is “Berlin”; it was not given.",
    ),
    Row(
        rule("customer.orders.total_count", "less_than", 1),
        ANN,
        BOB,
        CUSTOMER,
        1,
        "Rule “R” asks that the number of the customer's earlier orders is less than 1; it was 1.",
        before=lambda shop: shop.used(by="bob", other=True, order={"amount": 5000}),
        met_before=lambda shop: shop.used(by="bob", other=True, order={"amount": 5000}),
    ),
    Row(
        rule("customer.orders.total_amount", "more_than_or_equal", 10_000),
        ANN,
        ANN,
        CUSTOMER,
        9_999,
        "The sum of the customer's earlier orders €99.99 is below the minimum €100.00 of rule “R”.",
        before=lambda shop: shop.used(by="ann", other=True, order={}, amount=9_999),
        met_before=lambda shop: shop.used(2, by="ann", other=True, order={}, amount=5_000),
    ),
    # How often the offer was used.
    counted(
        "redemption.count",
        "Rule “R” allows 2 redemptions; this would be number 3.",
        lambda shop: shop.used(2, at=LAST_MONTH),
        lambda shop: (shop.used(1), shop.used(5, other=True)),
        body={},
    ),
    counted(
        "redemption.count.daily",
        "Rule “R” allows 2 redemptions a day; this would be number 3.",
        lambda shop: shop.used(2, at=TODAY),
        lambda shop: (shop.used(1, at=TODAY), shop.used(5, at=YESTERDAY)),
        body={},
    ),
    counted(
        "redemption.count.weekly",
        "Rule “R” allows 2 redemptions a week; this would be number 3.",
        lambda shop: shop.used(2, at=YESTERDAY),
        lambda shop: (shop.used(1, at=TODAY), shop.used(5, at=LAST_WEEK)),
        body={},
    ),
    counted(
        "redemption.count.monthly",
        "Rule “R” allows 2 redemptions a month; this would be number 3.",
        lambda shop: shop.used(2, at=YESTERDAY),
        lambda shop: (shop.used(1, at=TODAY), shop.used(5, at=LAST_MONTH)),
        on="campaign",
        body={},
    ),
    counted(
        "redemption.count.per_customer",
        "Rule “R” allows 2 redemptions per customer; this would be number 3.",
        lambda shop: shop.used(2, by="ann"),
        lambda shop: (shop.used(1, by="ann"), shop.used(5, by="bob")),
    ),
    counted(
        "redemption.count.per_customer.daily",
        "Rule “R” allows 2 redemptions per customer a day; this would be number 3.",
        lambda shop: shop.used(2, by="ann", other=True),
        lambda shop: (shop.used(1, by="ann"), shop.used(5, by="ann", at=YESTERDAY), shop.used(5, by="bob")),
        on="campaign",
    ),
    counted(
        "campaign.redemptions.count",
        "Rule “R” allows 2 redemptions of the campaign; this would be number 3.",
        lambda shop: shop.used(2, other=True),
        lambda shop: (shop.used(1), shop.used(5, status="ROLLED_BACK"), shop.used(5, failure_code="voucher_expired")),
        body={},
    ),
    counted(
        "campaign.redemptions.count.weekly",
        "Rule “R” allows 2 redemptions of the campaign a week; this would be number 3.",
        lambda shop: shop.used(2, at=YESTERDAY, other=True),
        lambda shop: (shop.used(1), shop.used(5, at=LAST_WEEK)),
        body={},
    ),
    Row(
        at_most("campaign.redemptions.customers_count", 1),
        ANN,
        BOB,
        REDEMPTION,
        2,
        "Rule “R” allows one customer of the campaign; this would be number 2.",
        before=lambda shop: shop.used(3, by="ann", other=True),
        met_before=lambda shop: shop.used(3, by="ann", other=True),
    ),
    Row(
        at_most("campaign.redemptions.customers_count.daily", 1),
        BOB,
        BOB,
        REDEMPTION,
        2,
        "Rule “R” allows one customer of the campaign a day; this would be number 2.",
        before=lambda shop: shop.used(3, by="ann", other=True),
        met_before=lambda shop: shop.used(3, by="ann", other=True, at=YESTERDAY),
    ),
    Row(
        at_most("campaign.orders.amount", 10_000),
        amount(4000),
        amount(4001),
        REDEMPTION,
        10_001,
        "The sum of the campaign's orders €100.01 is above the maximum €100.00 of rule “R”.",
        before=lambda shop: shop.used(2, other=True, amount=3000),
        met_before=lambda shop: shop.used(2, other=True, amount=3000),
    ),
    Row(
        at_most("campaign.orders.amount_discounted", 3000),
        amount(1000),
        amount(1000),
        REDEMPTION,
        3001,
        "The sum of the campaign's discounts €30.01 is above the maximum €30.00 of rule “R”.",
        before=lambda shop: shop.used(1, other=True, discount_amount=2001),
        met_before=lambda shop: shop.used(1, other=True, discount_amount=2000),
    ),
    Row(
        at_most("redemption.orders.amount.per_customer.monthly", 10_000),
        {**ANN, **amount(5000)},
        {**ANN, **amount(5001)},
        REDEMPTION,
        10_001,
        "The sum of the customer's orders this month €100.01 is above the maximum €100.00 of rule “R”.",
        before=lambda shop: shop.used(1, by="ann", amount=5000),
        met_before=lambda shop: (shop.used(1, by="ann", amount=5000), shop.used(1, by="ann", at=LAST_MONTH)),
    ),
    # The redemption itself.
    Row(
        at_most("redemption.gift.amount", 1000),
        {"gift": {"credits": 1000}},
        {"gift": {"credits": 1001}},
        REDEMPTION,
        1001,
        "The credits taken from the gift card €10.01 is above the maximum €10.00 of rule “R”.",
        voucher={"type": "GIFT_VOUCHER", "gift_balance": 5000},
    ),
    Row(
        rule("redemption.metadata", "in", "4", "5", property="till"),
        {"metadata": {"till": "4"}},
        {"metadata": {"till": "6"}},
        REDEMPTION,
        "6",
        "Rule “R” asks that the redemption's metadata “till” is one of “4” or “5”; it was “6”.",
    ),
]
# What cannot be typed at the till is asked over the API alone.
TYPED = {"order": {"amount", "items"}, "customer": {"source_id"}, "metadata": {"till"}, "gift": {"credits"}}
TYPED_ITEM = {"product_id", "quantity", "price"}


def form_of(body: dict[str, Any]) -> dict[str, str] | None:
    """The body as one types it into the form, or None when the form has no such field."""
    order = body.get("order") or {}
    if any(body[part].keys() - TYPED[part] for part in body):
        return None
    lines = order.get("items") or []
    if any(line.keys() - TYPED_ITEM for line in lines):
        return None
    form = {"code": CODE, "redeem": "1", "items-TOTAL_FORMS": str(len(lines)), "items-INITIAL_FORMS": "0"}
    if "amount" in order:
        form["amount"] = f"{order['amount'] / 100:.2f}"
    for index, line in enumerate(lines):
        form |= {f"items-{index}-product_id": line["product_id"], f"items-{index}-quantity": str(line["quantity"])}
        form[f"items-{index}-price"] = f"{line['price'] / 100:.2f}"
    if "customer" in body:
        form["customer"] = body["customer"]["source_id"]
    if "metadata" in body:
        form |= {"metadata_key": "till", "metadata_value": body["metadata"]["till"]}
    if "gift" in body:
        form["credits"] = f"{body['gift']['credits'] / 100:.2f}"
    return form


def open_shop(row: Row) -> Shop:
    campaign = factories.make_campaign(name="Spring")
    shop = Shop(
        campaign,
        factories.make_voucher(code=CODE, campaign=campaign, **row.voucher),
        factories.make_voucher(code="OTHER", campaign=campaign),
        factories.make_customer(source_id="ann", email="ann@example.com", address={"city": "Berlin"}),
        factories.make_customer(source_id="bob", email="bob@example.org"),
    )
    factories.make_rule({"1": row.clause}, on=getattr(shop, row.on), name="R")
    return shop


def attempt_of(client: Client, channel: str, body: dict[str, Any]) -> tuple[Redemption, dict[str, Any]]:
    """Redeem over the API or by hand, and return the attempt with what the API answered."""
    if channel == "API":
        headers = factories.make_key()
        answer = client.post(f"/v1/vouchers/{CODE}/redemption", body, content_type="application/json", headers=headers)
        told = answer.json()
        return Redemption.objects.get(public_id=told.get("resource_id") or told["id"]), told
    client.force_login(factories.make_user("Merchant"))
    page = client.post("/redeem/", form_of(body), follow=True)
    attempt = Redemption.objects.order_by("-pk")[0]
    assert ("Not redeemed" in page.content.decode()) is bool(attempt.failure_code)
    return attempt, {}


def cases(body: str) -> list[tuple[Row, str]]:
    """Each row over the API, and by hand what the form can say."""
    by_hand = [(row, "dashboard") for row in ROWS if form_of(getattr(row, body)) is not None]
    return [(row, "API") for row in ROWS] + by_hand


@pytest.mark.parametrize(("row", "channel"), cases("met"), ids=lambda value: getattr(value, "id", value))
@time_machine.travel(NOW, tick=False)
def test_an_attempt_on_the_right_side_of_the_bound_meets_the_rule(client, row, channel):
    shop = open_shop(row)
    if row.met_before:
        row.met_before(shop)

    attempt, _ = attempt_of(client, channel, row.met)

    assert (attempt.result, attempt.failure_code) == ("SUCCESS", ""), attempt.facts
    met = attempt.facts["rules_met"]
    assert [(rule["rule_name"], rule["tree"]["holds"]) for rule in met] == [("R", True)]
    assert met[0]["tree"]["rules"][0]["name"] == row.clause["name"]


@pytest.mark.parametrize(("row", "channel"), cases("unmet"), ids=lambda value: getattr(value, "id", value))
@time_machine.travel(NOW, tick=False)
def test_an_attempt_on_the_wrong_side_is_refused_with_its_facts_and_sentence(client, row, channel):
    shop = open_shop(row)
    if row.before:
        row.before(shop)

    attempt, told = attempt_of(client, channel, row.unmet)

    assert (attempt.result, attempt.status, attempt.failure_code) == ("FAILURE", "FAILED", row.reason)
    facts = attempt.facts
    assert (facts["path"], facts["found"]) == (row.path, row.found)
    assert facts["tree"]["holds"] is False
    assert attempt.sentence == row.sentence
    assert attempt.short_reason
    assert "“R”" not in attempt.line_for_customer
    if told:
        assert (told["code"], told["key"]) == (400, row.reason)
    shop.voucher.refresh_from_db()
    assert shop.voucher.redeemed_quantity == 0
    # The page of the attempt tells the same.
    client.force_login(factories.make_user("Viewer"))
    assert row.sentence in client.get(f"/redemptions/{attempt.public_id}/").content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize(
    ("operator", "wanted", "holds", "asks"),
    [
        ("$dow", [3, 4], True, ""),
        ("$dow", [0, 1], False, "is on a Sunday or Monday"),
        ("$timeframe_daily_hours", ["12:30", "13:00"], True, ""),
        ("$timeframe_daily_hours", ["09:00", "12:30"], False, "is between 09:00 and 12:30"),
        ("$timeframe_daily_hours", ["22:00", "12:31"], True, ""),
        ("$timeframe_absolute", [YESTERDAY.isoformat(), NOW.isoformat()], True, ""),
        ("$after", [TODAY.isoformat()], True, ""),
        ("$after", [NOW.isoformat()], False, f"is after {TOLD_NOW} UTC"),
        ("$from", [NOW.isoformat()], True, ""),
        ("$before", [NOW.isoformat()], False, f"is before {TOLD_NOW} UTC"),
    ],
)
@time_machine.travel(NOW, tick=False)
def test_a_rule_may_ask_for_days_hours_and_dates(client, operator, wanted, holds, asks):
    voucher = factories.make_voucher(code=CODE)
    factories.make_rule({"1": {"name": "redemption.date", "conditions": {operator: wanted}}}, on=voucher, name="R")

    attempt, _ = attempt_of(client, "API", {})

    assert (attempt.result == "SUCCESS") is holds
    if not holds:
        assert attempt.failure_code == REDEMPTION
        assert attempt.sentence == f"Rule “R” asks that the moment of redemption {asks}; it was {TOLD_NOW} UTC."
        assert attempt.facts["time_zone"] == "UTC"
        assert "cannot be used at this time" in attempt.line_for_customer


@time_machine.travel(NOW.replace(hour=22, minute=30), tick=False)
def test_days_begin_at_midnight_in_the_projects_time_zone(client, settings):
    settings.TIME_ZONE = "Europe/Helsinki"  # where it is half past midnight already, or later
    voucher = factories.make_voucher(code=CODE)
    factories.make_rule({"1": at_most("redemption.count.daily", 1)}, on=voucher, name="R")
    factories.make_redemption(voucher=voucher, created_at=NOW.replace(hour=20))

    assert attempt_of(client, "API", {})[0].result == "SUCCESS"
    again = attempt_of(client, "API", {})[0]

    assert again.facts["found"] == 2
    assert again.facts["time_zone"] == "Europe/Helsinki"
    assert again.short_reason == "Number 2, 1 allowed"
    assert "as often as it can be today" in again.line_for_customer


@pytest.mark.parametrize(
    ("name", "api_meets"), [("redemption.api_key", True), ("redemption.user.login", False)], ids=str
)
def test_a_rule_may_be_for_an_api_key_or_a_user(client, name, api_meets):
    headers = factories.make_key()
    kasia = factories.make_user("Merchant", username="kasia")
    voucher = factories.make_voucher(code=CODE)
    wanted = headers["X-App-Id"] if api_meets else "kasia"
    factories.make_rule({"1": rule(name, "is", wanted)}, on=voucher, name="R")

    answers = [
        client.post(f"/v1/vouchers/{CODE}/redemption", {}, content_type="application/json", headers=each).status_code
        for each in (headers, factories.make_key(name="Another"))
    ]
    client.force_login(kasia)
    client.post("/redeem/", {"redeem": "1", "code": CODE})
    client.force_login(factories.make_user("Merchant"))
    client.post("/redeem/", {"redeem": "1", "code": CODE})

    by_hand = [row.failure_code for row in Redemption.objects.filter(channel_type="USER").order_by("pk")]
    assert answers == ([200, 400] if api_meets else [400, 400])
    assert by_hand == ([REDEMPTION, REDEMPTION] if api_meets else ["", REDEMPTION])
    last = Redemption.objects.order_by("-pk")[0]
    assert last.sentence.startswith("Rule “R” asks that the ")


@pytest.mark.parametrize(
    ("name", "by_hand"), [("redemption.count.per_api_key", False), ("redemption.count.per_user", True)]
)
def test_a_limit_per_key_or_user_counts_theirs_alone(client, name, by_hand):
    voucher = factories.make_voucher(code=CODE)
    factories.make_rule({"1": at_most(name, 1)}, on=voucher, name="R")
    headers, other = factories.make_key(), factories.make_key()
    kasia, marek = factories.make_user("Merchant"), factories.make_user("Merchant")

    for each in (headers, headers, other):
        client.post(f"/v1/vouchers/{CODE}/redemption", {}, content_type="application/json", headers=each)
    for each in (kasia, kasia, marek):
        client.force_login(each)
        client.post("/redeem/", {"redeem": "1", "code": CODE})

    limited = [row.failure_code for row in Redemption.objects.order_by("pk")]
    once_each = ["", REDEMPTION, ""]
    assert limited == (["", "", "", *once_each] if by_hand else [*once_each, "", "", ""])


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        ("campaign.orders.amount", {}, "missing_amount"),
        ("order.total_amount", ANN, "missing_amount"),
        ("redemption.orders.amount.per_customer", ANN, "missing_amount"),
        ("redemption.orders.amount.per_customer", amount(1), "missing_customer"),
        ("campaign.redemptions.customers_count", amount(1), "missing_customer"),
        ("customer.orders.total_count", {}, "missing_customer"),
        ("redemption.count.per_customer.weekly", {}, "missing_customer"),
        ("order.items.price_each", amount(1), "missing_order_items"),
        ("product.quantity", {}, "missing_order_items"),
        ("sku.price", amount(1), "missing_order_items"),
    ],
)
def test_what_a_rule_needs_and_was_not_sent_is_missing(client, name, body, reason):
    voucher = factories.make_voucher(code=CODE)
    factories.make_rule({"1": at_most(name, 10**9)}, on=voucher, name="R")

    attempt, told = attempt_of(client, "API", body)

    assert (attempt.failure_code, told["key"], told["code"]) == (reason, reason, 400)
    assert attempt.sentence.startswith("Rule “R” looks at the ")
    assert "None" not in attempt.sentence


def test_a_success_shows_the_rules_that_it_met(client):
    voucher = factories.make_voucher(code=CODE)
    vip = factories.make_segment(factories.make_customer(source_id="ann"), name="Regulars")
    clauses = {"1": at_most("order.amount", 9000), "2": rule("customer.segment", "is", vip.public_id)}
    factories.make_rule(clauses, on=voucher, name="Spring minimum")
    attempt, _ = attempt_of(client, "API", {**ANN, **amount(5000)})
    client.force_login(factories.make_user("Viewer"))

    page = client.get(f"/redemptions/{attempt.public_id}/")

    text = page.content.decode()
    assert "Rule “Spring minimum” was met" in text
    assert "the order&#x27;s amount is at most €90.00" in text
    assert "the customer&#x27;s segments include “Regulars”" in text
    assert [clause.status for met in page.context["rules_met"] for clause in met.clauses] == ["met", "met"]


@pytest.mark.parametrize("operator", ["$is", "$is_not"])
@pytest.mark.parametrize(
    ("sent", "is_member"),
    [
        ({"source_id": "ann"}, True),
        ({"source_id": "bob"}, False),
        ({"source_id": "bob", "metadata": {"tier": "gold"}}, True),
        ({"source_id": "new", "name": "Zoe", "metadata": {"tier": "gold"}}, True),
        ({"source_id": "new"}, False),
    ],
)
def test_a_segment_by_filter_is_asked_at_the_moment_of_the_attempt(client, operator, sent, is_member):
    factories.make_customer(source_id="ann", metadata={"tier": "gold"})
    factories.make_customer(source_id="bob")
    gold = factories.make_segment(
        name="Gold", type="auto-update", filter={"metadata.tier": {"conditions": {"$is": ["gold"]}}}
    )
    voucher = factories.make_voucher(code=CODE)
    factories.make_rule({"1": rule("customer.segment", operator[1:], gold.public_id)}, on=voucher, name="R")

    attempt, told = attempt_of(client, "API", {"customer": sent})

    accepted = is_member is (operator == "$is")
    assert attempt.failure_code == ("" if accepted else CUSTOMER)
    if not accepted:
        assert told["code"] == 400
        is_in = "is not in the segment “Gold” of rule “R”." if operator == "$is" else "is in the segment “Gold”"
        assert attempt.sentence.startswith(f"Customer {is_in}")
        assert attempt.facts["segment_names"] == {gold.public_id: "Gold"}


def test_one_query_asks_for_all_segments_however_many_the_rules_name(client, django_assert_max_num_queries):
    voucher = factories.make_voucher(code=CODE)
    factories.make_customer(source_id="ann", metadata={"tier": "gold"})
    tier = {"metadata.tier": {"conditions": {"$is": ["gold"]}}}
    segments = [factories.make_segment(type="passive", filter=tier) for _ in range(12)]
    clauses = {str(n): rule("customer.segment", "is", one.public_id) for n, one in enumerate(segments, start=1)}
    factories.make_rule(clauses, on=voucher, name="R")
    with django_assert_max_num_queries(12):
        request = RedeemRequest(code=CODE, channel=Channel("API", "app-1"), customer={"source_id": "ann"})
        assert actions.redeem(request).result == "SUCCESS"
