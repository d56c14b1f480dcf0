"""What staff read, what a customer is told, what fits in a table; also when the facts are half gone."""

import itertools
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.conditions import OPERATORS, RULES, label_of
from redemptions.engine import CHECKS, Reason
from redemptions.sentences import fact_label, fact_text, for_customer, label, sentence, short

WARSAW = ZoneInfo("Europe/Warsaw")
READER: dict[str, Any] = {"code": "SPRING", "tz": WARSAW, "currency": "EUR"}
RULE = {"rule_id": "val_1", "rule_name": "Spring minimum", "path": "1", "property": None, "tree": {}}


def clause(name: str, operator: str | None, wanted: list[Any], found: Any, **more: Any) -> dict[str, Any]:
    return {**RULE, "clause": name, "operator": operator, "wanted": wanted, "found": found, **more}


VIP = clause("customer.segment", "$is", ["seg_1"], [], segment_names={"seg_1": "VIP"})
MINIMUM = clause("order.amount", "$more_than_or_equal", [5000], 3800)

TUESDAYS = {"of": "voucher", "name": "SPRING", "open": "on Tuesdays", "time_zone": "Europe/Warsaw"}

ROWS: list[tuple[Reason, dict[str, Any], str, str]] = [
    (
        Reason.INVALID_PAYLOAD,
        {"details": "Property .customer must be object", "property": ".customer"},
        "The request could not be read: Property .customer must be object.",
        "Property .customer must be object",
    ),
    (
        Reason.NOT_FOUND,
        {"code": "SPRNG"},
        "No voucher has the code “SPRNG”; check the spelling or create it.",
        "No such code",
    ),
    (
        Reason.VOUCHER_DISABLED,
        {"of": "voucher", "name": "SPRING"},
        "Voucher SPRING is disabled; enable it to let it pass.",
        "Disabled",
    ),
    (
        Reason.VOUCHER_DISABLED,
        {"of": "campaign", "name": "Spring sale"},
        "Campaign “Spring sale” is disabled, and its vouchers with it; enable the campaign to let the code pass.",
        "Campaign disabled",
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE,
        {"of": "voucher", "name": "SPRING", "starts_at": "2026-03-29T22:30:00+00:00"},
        "Not active before 30 Mar 2026 00:30 Europe/Warsaw.",
        "Starts 30 Mar 2026",
    ),
    (
        Reason.VOUCHER_EXPIRED,
        {"of": "voucher", "name": "SPRING", "expired_at": "2026-03-01T22:59:00+00:00"},
        "Expired 1 Mar 2026 23:59 Europe/Warsaw.",
        "Expired 1 Mar 2026",
    ),
    (
        Reason.VOUCHER_EXPIRED,
        {"of": "campaign", "name": "Spring sale", "expired_at": "2026-03-01T22:59:00+00:00"},
        "Campaign “Spring sale” expired 1 Mar 2026 23:59 Europe/Warsaw.",
        "Expired 1 Mar 2026",
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        {**TUESDAYS, "opens_at": "2026-03-02T23:00:00+00:00"},
        "Voucher SPRING is open only on Tuesdays (Europe/Warsaw); next 3 Mar 2026 00:00 Europe/Warsaw.",
        "Open on Tuesdays",
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        {**TUESDAYS, "of": "campaign", "name": "Spring sale"},
        "Campaign “Spring sale” is open only on Tuesdays (Europe/Warsaw), and will not be again.",
        "Open on Tuesdays",
    ),
    (Reason.QUANTITY_EXCEEDED, {"limit": 100, "used": 100}, "Limit 100, used 100.", "Used 100 of 100"),
    (
        Reason.INVALID_ORDER,
        {"property": ".order.items[0].quantity", "found": -1, "expected": "a whole number, 0 or more"},
        "Property .order.items[0].quantity should be a whole number, 0 or more, but was -1.",
        ".order.items[0].quantity not as expected",
    ),
    (
        Reason.INVALID_AMOUNT,
        {"property": ".order.amount", "found": "12", "expected": "a whole number, 0 or more"},
        "Property .order.amount should be a whole number, 0 or more, but was “12”.",
        "Amount was “12”",
    ),
    (
        Reason.MISSING_AMOUNT,
        {"needed_by": "gift"},
        "A gift card needs the order's amount or the credits to take, and neither was sent.",
        "Order amount not specified",
    ),
    (
        Reason.MISSING_AMOUNT,
        {**MINIMUM, "needed_by": "rule"},
        "Rule “Spring minimum” looks at the order's amount, but no order amount was sent.",
        "Order amount not specified",
    ),
    (
        Reason.MISSING_ORDER_ITEMS,
        {"needed_by": "discount", "effect": "APPLY_TO_ITEMS"},
        "The discount applies to order items, but no items were sent.",
        "Order items not specified",
    ),
    (
        Reason.MISSING_CUSTOMER,
        clause("customer.metadata", "$is", ["gold"], None, property="tier", needed_by="rule"),
        "Rule “Spring minimum” looks at the customer's metadata “tier”, but no customer was sent.",
        "Customer not specified",
    ),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        VIP,
        "Customer is not in the segment “VIP” of rule “Spring minimum”.",
        "Not in “VIP”",
    ),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        clause("customer.segment", "$not_in", ["seg_1", "seg_2"], ["seg_2"], segment_names={"seg_1": "VIP"}),
        "Customer is in the segments “VIP” or “seg_2”, which rule “Spring minimum” excludes.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        clause("customer.metadata", "$is", ["gold"], None, property="tier"),
        "Rule “Spring minimum” asks that the customer's metadata “tier” is “gold”; it was not given.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        MINIMUM,
        "Order €38.00 is below the minimum €50.00 of rule “Spring minimum”.",
        "€38.00 < €50.00",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.amount", "$less_than_or_equal", [100000], 123456),
        "Order €1,234.56 is above the maximum €1,000.00 of rule “Spring minimum”.",
        "€1,234.56 > €1,000.00",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("product.id", "$in", ["prod_tea", "prod_cup"], ["prod_x"]),
        "The order holds none of “prod_tea” or “prod_cup”, which rule “Spring minimum” asks for.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.amount", "$in", [500, 700], 3),
        "Rule “Spring minimum” asks that the order's amount is one of €5.00 or €7.00; it was €0.03.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.items.any", None, [], ["prod_x"]),
        "No item of the order meets rule “Spring minimum”.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.items.count", "$more_than", [3], 3),
        "Rule “Spring minimum” asks that the number of items is more than 3; it was 3.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.metadata", "$has_value", [], None, property="shop"),
        "Rule “Spring minimum” asks that the order's metadata “shop” is known; it was not given.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("redemption.count.per_customer", "$less_than_or_equal", [1], 2),
        "Rule “Spring minimum” allows one redemption per customer; this would be number 2.",
        "Number 2 of this customer",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("applicable_to", None, ["prod_cup", "prod_tea"], ["prod_x"]),
        "The discount of rule “Spring minimum” applies to “prod_cup” or “prod_tea”, and the order holds none of it.",
        "Applies to no item of the order",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.items.none", "$is", ["prod_tea"], ["prod_cup", "prod_tea"]),
        "The order holds “prod_tea”, which rule “Spring minimum” excludes.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.ORDER_RULES_VIOLATED,
        clause("order.items.price_each", "$more_than", [1000], [999, None]),
        "Rule “Spring minimum” asks that the price of each item is more than €10.00; it was €9.99.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("campaign.redemptions.count.daily", "$less_than", [1001], 1001, time_zone="Europe/Warsaw"),
        "Rule “Spring minimum” allows 1,000 redemptions of the campaign a day; this would be number 1,001.",
        "Number 1,001, 1,000 allowed",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("redemption.count", "$more_than", [5], 1),
        "Rule “Spring minimum” asks that the number of redemptions is more than 5; it was 1.",
        "Rule “Spring minimum”",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("campaign.orders.amount", "$less_than_or_equal", [10_000_00], 10_001_00),
        "The sum of the campaign's orders €10,001.00 is above the maximum €10,000.00 of rule “Spring minimum”.",
        "€10,001.00 > €10,000.00",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("redemption.date", "$dow", [0, 6, 1], "2026-03-03T22:59:00+00:00", time_zone="Europe/Helsinki"),
        "Rule “Spring minimum” asks that the moment of redemption is on a Sunday, Saturday or Monday; "
        "it was 4 Mar 2026 00:59 Europe/Helsinki.",
        "At 4 Mar 2026 00:59 Europe/Helsinki",
    ),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        clause("redemption.date", "$timeframe_daily_hours", ["09:00", "17:00"], "2026-03-03T22:59:00+00:00"),
        "Rule “Spring minimum” asks that the moment of redemption is between 09:00 and 17:00; "
        "it was 3 Mar 2026 23:59 Europe/Warsaw.",
        "At 3 Mar 2026 23:59 Europe/Warsaw",
    ),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        clause("customer.created_at", "$after", ["2026-03-01T22:59:00+00:00"], "2026-02-01T12:00:00+00:00"),
        "Rule “Spring minimum” asks that the moment at which the customer was first seen is after "
        "1 Mar 2026 23:59 Europe/Warsaw; it was 1 Feb 2026 13:00 Europe/Warsaw.",
        "Was 1 Feb 2026 13:00 Europe/Warsaw",
    ),
    (
        Reason.GIFT_AMOUNT_EXCEEDED,
        {"balance": 2000, "asked": 2001, "asked_by": "gift.credits"},
        "€20.01 was asked for, the balance is €20.00.",
        "Asked €20.01, balance €20.00",
    ),
    (
        Reason.GIFT_AMOUNT_EXCEEDED,
        {"balance": 5, "asked": 2001, "asked_by": "order.amount"},
        "The order needs €20.01, the balance is €0.05; ask for €0.05 of credits or less.",
        "Asked €20.01, balance €0.05",
    ),
]


@pytest.mark.parametrize(("reason", "compared", "told", "in_table"), ROWS)
def test_facts_become_one_sentence(reason: Reason, compared: dict[str, Any], told: str, in_table: str) -> None:
    assert sentence(reason, compared, **READER) == told
    assert short(reason, compared, **READER) == in_table
    assert len(in_table) <= 60
    assert for_customer(reason, compared, **READER)


def test_every_reason_has_a_sentence() -> None:
    assert {reason for reason, *_ in ROWS} == {reason for reason, _ in CHECKS}


@pytest.mark.parametrize(
    ("reason", "compared", "line"),
    [
        (Reason.NOT_FOUND, {"code": "SPRNG"}, "We could not find the code SPRNG. Please check its spelling."),
        (
            Reason.VOUCHER_EXPIRED,
            {"expired_at": "2026-03-01T22:59:00+00:00"},
            "The code SPRING was valid until 1 Mar 2026 23:59 Europe/Warsaw.",
        ),
        (
            Reason.ORDER_RULES_VIOLATED,
            MINIMUM,
            "The code SPRING is valid for orders from €50.00. Please add something more.",
        ),
        (
            Reason.ORDER_RULES_VIOLATED,
            clause("order.total_amount", "$less_than_or_equal", [5000], 5001),
            "The code SPRING is valid for orders up to €50.00.",
        ),
        (
            Reason.ORDER_RULES_VIOLATED,
            clause("product.id", "$is", ["prod_tea"], []),
            "The code SPRING is valid for certain products, and none of them is in your basket.",
        ),
        (
            Reason.ORDER_RULES_VIOLATED,
            clause("applicable_to", None, ["prod_tea"], []),
            "The code SPRING does not apply to anything in your basket.",
        ),
        (
            Reason.REDEMPTION_RULES_VIOLATED,
            clause("redemption.count.per_customer.monthly", "$less_than", [2], 2),
            "You have already used the code SPRING as often as each customer can this month.",
        ),
        (
            Reason.REDEMPTION_RULES_VIOLATED,
            clause("campaign.redemptions.customers_count.weekly", "$less_than", [2], 2),
            "The offer of the code SPRING has been used as often as it can be this week. We are sorry.",
        ),
        (
            Reason.REDEMPTION_RULES_VIOLATED,
            clause("redemption.date", "$dow", [1], "2026-03-03T22:59:00+00:00"),
            "The code SPRING cannot be used at this time. We are sorry.",
        ),
        (
            Reason.GIFT_AMOUNT_EXCEEDED,
            {"balance": 2000, "asked": 2001},
            "Your gift card SPRING has a balance of €20.00. Please pay the rest in another way.",
        ),
    ],
)
def test_a_customer_gets_a_polite_line(reason: Reason, compared: dict[str, Any], line: str) -> None:
    assert for_customer(reason, compared, **READER) == line


def test_a_customer_is_not_told_the_names_of_rules_and_segments() -> None:
    for reason, compared, _, _ in ROWS:
        line = for_customer(reason, compared, **READER)
        assert not [
            name for name in ("Spring minimum", "VIP", "Spring sale", "tier", "prod_", ".order") if name in line
        ]


def test_a_rules_own_text_is_what_the_customer_is_told() -> None:
    assert for_customer(Reason.ORDER_RULES_VIOLATED, MINIMUM, error_message="Spend more", **READER) == "Spend more"


@pytest.mark.parametrize("reason", list(Reason))
def test_facts_that_are_gone_leave_the_reasons_words(reason: Reason) -> None:
    whole = [compared for row, compared, _, _ in ROWS if row is reason]
    halves = [{k: v for k, v in compared.items() if k != gone} for compared in whole for gone in compared]
    strange = [dict.fromkeys(compared, value) for compared in whole for value in (None, "", [], {}, 5, "x")]
    for compared in [{}, None, [], *halves, *strange]:
        for tell in (sentence, short, for_customer):
            told = tell(reason, compared, **READER)  # type: ignore[arg-type]
            assert told
            assert "None" not in told
    if reason is not Reason.NOT_FOUND:  # the code is known without any facts
        assert sentence(reason, {}, **READER) == f"{reason.label}."


def test_an_unknown_reason_is_told_as_it_is() -> None:
    assert sentence("no_applicable_redeemables", {}, **READER) == "No applicable redeemables."
    assert label("") == "Failed"


@pytest.mark.parametrize("name", sorted(RULES))
def test_every_rule_is_told_in_whole_sentences_whatever_was_found(name: str) -> None:
    rule = RULES[name]
    reason = Reason(f"{rule.group}_rules_violated")
    founds: list[Any] = [None, 3, True, "x", ["x", 3], [None], []]
    for operator, found in itertools.product(OPERATORS, founds):
        wanted: list[Any] = [3] if rule.values == "number" or operator.endswith(("ago", "future")) else ["2026-03-01"]
        wanted = {"$dow": [3], "$timeframe_absolute": ["2026-03-01", "2026-04-01"]}.get(operator, wanted)
        compared = clause(name, operator, wanted, found, property="tier" if rule.has_property else None)
        for tell in (sentence, short, for_customer):
            told = tell(reason, compared, **READER)
            assert told
            assert not [odd for odd in ("None", "  ", "{", "}", "$") if odd in told], told
    missing = {**clause(name, "$is", [1], None), "needed_by": "rule"}
    assert label_of(name) in sentence(Reason.MISSING_CUSTOMER, missing, **READER)


def test_a_note_for_a_table_is_cut() -> None:
    told = short(Reason.ORDER_RULES_VIOLATED, clause("order.items.count", "$is", [1], 2, rule_name="x" * 100), **READER)
    assert len(told) == 60
    assert told.endswith("…")


@pytest.mark.parametrize(
    ("name", "compared", "name_told", "told"),
    [
        ("expired_at", {"expired_at": "2026-03-01T22:59:00+00:00"}, "Expired", "1 Mar 2026 23:59 Europe/Warsaw"),
        ("expired_at", {"expired_at": "soon"}, "Expired", "soon"),
        ("balance", {"balance": 2000}, "Balance", "€20.00"),
        ("limit", {"limit": 100}, "Limit", "100"),
        ("found", MINIMUM, "Found", "€38.00"),
        ("wanted", MINIMUM, "Wanted", "€50.00"),
        ("wanted", VIP, "Wanted", "“VIP”"),
        ("segment_names", VIP, "Segments", "VIP (seg_1)"),
        ("operator", VIP, "Operator", "is"),
        ("rule_name", VIP, "Rule", "Spring minimum"),
        ("found", {"found": -1, "property": ".order.items[0].quantity"}, "Found", "-1"),
    ],
)
def test_a_fact_is_named_and_told_on_its_own(name: str, compared: dict[str, Any], name_told: str, told: str) -> None:
    assert fact_label(name) == name_told
    assert fact_text(name, compared[name], compared, tz=WARSAW, currency="EUR") == told
