"""Each reason at its boundaries, the order of the checks, and what an accepted attempt takes."""

import ast
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.conditions import Tally, parse_rules
from campaigns.validity import Validity, parse_validity
from redemptions.engine import (
    CHECKS,
    CampaignFacts,
    Channel,
    CustomerFacts,
    Decision,
    Facts,
    PayloadProblem,
    Reason,
    RedeemRequest,
    RuleFacts,
    VoucherFacts,
    decide,
)
from vouchers.discounts import Effect, parse_discount

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
TUESDAYS = parse_validity(None, [2])


def until(time: str) -> Validity:
    return parse_validity(None, None, {"daily": [{"start_time": "09:00", "expiration_time": time}]})


def make_request(**changes: Any) -> RedeemRequest:
    return RedeemRequest(**{"code": "SPRING", "channel": Channel("API", "app-1", "Web shop"), **changes})


def make_voucher(**changes: Any) -> VoucherFacts:
    discount = parse_discount({"type": "AMOUNT", "amount_off": 1000})
    return VoucherFacts(**{"id": "v_1", "code": "SPRING", "discount": discount, **changes})


def make_gift(balance: int = 2000, **changes: Any) -> VoucherFacts:
    return make_voucher(discount=None, gift_balance=balance, **changes)


def make_campaign(**changes: Any) -> CampaignFacts:
    return CampaignFacts(**{"id": "camp_1", "name": "Spring sale", **changes})


def make_rule(name: str, operator: str, *wanted: Any, **changes: Any) -> RuleFacts:
    clause = {"name": name, "conditions": {operator: list(wanted)}, "property": changes.pop("property", None)}
    return RuleFacts(**{"id": "val_1", "name": "Spring minimum", "ruleset": parse_rules({"1": clause}), **changes})


def make_facts(*, order: Any = None, gift_credits: int | None = None, **changes: Any) -> Facts:
    request = make_request(order=order, gift_credits=gift_credits)
    return Facts(**{"now": NOW, "request": request, "voucher": make_voucher(), **changes})


def accepts(**changes: Any) -> Facts:
    return make_facts(**changes)


MINIMUM = make_rule("order.amount", "$more_than_or_equal", 5000)
TEA = make_rule("product.id", "$is", "prod_tea")
VIP = make_rule("customer.segment", "$is", "seg_vip")
GOLD = make_rule("customer.metadata", "$is", "gold", property="tier")
ONCE = make_rule("redemption.count.per_customer", "$less_than_or_equal", 1)
ON_ITEMS = parse_discount({"type": "PERCENT", "percent_off": 10, "effect": "APPLY_TO_ITEMS"})
OF_VOUCHER, OF_CAMPAIGN = Tally("count", "voucher", "customer"), Tally("count", "campaign", "customer")
CUSTOMER = CustomerFacts("cust_1")
PROBLEM = PayloadProblem("Property .customer must be object", ".customer", 5, "object")
ITEM = {"product_id": "prod_cup", "quantity": 1, "price": 500}

ROWS: list[tuple[Reason | None, Facts, dict[str, Any]]] = [
    (Reason.INVALID_PAYLOAD, make_facts(request=make_request(problem=PROBLEM)), {"property": ".customer", "found": 5}),
    (Reason.NOT_FOUND, make_facts(voucher=None), {"code": "SPRING"}),
    (Reason.VOUCHER_DISABLED, make_facts(voucher=make_voucher(active=False)), {"of": "voucher", "name": "SPRING"}),
    (
        Reason.VOUCHER_DISABLED,
        make_facts(campaign=make_campaign(active=False)),
        {"of": "campaign", "name": "Spring sale"},
    ),
    (None, make_facts(campaign=make_campaign()), {}),
    (
        Reason.VOUCHER_NOT_ACTIVE,
        make_facts(voucher=make_voucher(start_date=NOW + TICK)),
        {"of": "voucher", "starts_at": (NOW + TICK).isoformat(), "now": NOW.isoformat()},
    ),
    (Reason.VOUCHER_NOT_ACTIVE, make_facts(campaign=make_campaign(start_date=NOW + TICK)), {"of": "campaign"}),
    (None, make_facts(voucher=make_voucher(start_date=NOW), campaign=make_campaign(start_date=NOW)), {}),
    (
        Reason.VOUCHER_EXPIRED,
        make_facts(voucher=make_voucher(expiration_date=NOW - TICK)),
        {"of": "voucher", "expired_at": (NOW - TICK).isoformat()},
    ),
    (Reason.VOUCHER_EXPIRED, make_facts(campaign=make_campaign(expiration_date=NOW - TICK)), {"name": "Spring sale"}),
    (None, make_facts(voucher=make_voucher(expiration_date=NOW), campaign=make_campaign(expiration_date=NOW)), {}),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        make_facts(voucher=make_voucher(validity=TUESDAYS)),
        {"of": "voucher", "open": "on Tuesdays", "opens_at": "2026-03-03T00:00:00+00:00", "time_zone": "UTC"},
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        make_facts(campaign=make_campaign(validity=TUESDAYS, expiration_date=NOW + TICK)),
        {"of": "campaign", "name": "Spring sale", "opens_at": None},
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        make_facts(voucher=make_voucher(validity=until("11:59"))),
        {"open": "from 09:00 to 11:59", "opens_at": "2026-03-03T09:00:00+00:00"},
    ),
    (
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        make_facts(
            voucher=make_voucher(validity=until("12:59")), zone=ZoneInfo("Europe/Warsaw"), now=NOW + 59 * MINUTE + TICK
        ),
        {"time_zone": "Europe/Warsaw", "opens_at": "2026-03-03T08:00:00+00:00"},
    ),
    (None, make_facts(voucher=make_voucher(validity=until("12:00"))), {}),
    (None, make_facts(voucher=make_voucher(validity=until("13:00")), zone=ZoneInfo("Europe/Warsaw")), {}),
    (None, make_facts(campaign=make_campaign(validity=parse_validity(None, [1]))), {}),
    (
        Reason.QUANTITY_EXCEEDED,
        make_facts(voucher=make_voucher(quantity=100, redeemed_quantity=100)),
        {"limit": 100, "used": 100},
    ),
    (Reason.QUANTITY_EXCEEDED, make_facts(voucher=make_voucher(quantity=0)), {"limit": 0, "used": 0}),
    (None, make_facts(voucher=make_voucher(quantity=100, redeemed_quantity=99)), {}),
    (None, make_facts(voucher=make_voucher(quantity=None, redeemed_quantity=10**6)), {}),
    (Reason.INVALID_ORDER, make_facts(order=[1]), {"property": ".order", "found": "a list", "expected": "an object"}),
    (
        Reason.INVALID_ORDER,
        make_facts(order={"items": [{**ITEM, "quantity": -1}]}),
        {"property": ".order.items[0].quantity", "found": -1},
    ),
    (Reason.INVALID_ORDER, make_facts(order={"items": [{"quantity": 1}]}), {"property": ".order.items[0]"}),
    (None, make_facts(order={"items": [{**ITEM, "quantity": 0}]}), {}),
    (Reason.INVALID_AMOUNT, make_facts(order={"amount": -1}), {"property": ".order.amount", "found": -1}),
    (Reason.INVALID_AMOUNT, make_facts(order={"amount": 10.5}), {"found": 10.5}),
    (Reason.INVALID_AMOUNT, make_facts(order={"amount": True}), {"found": True}),
    (None, make_facts(order={"amount": 0}), {}),
    (Reason.MISSING_AMOUNT, make_facts(rules=(MINIMUM,)), {"needed_by": "rule", "rule_name": "Spring minimum"}),
    (Reason.MISSING_AMOUNT, make_facts(voucher=make_gift()), {"needed_by": "gift"}),
    (Reason.MISSING_AMOUNT, make_facts(voucher=make_gift(), order={"metadata": {}}), {"needed_by": "gift"}),
    (None, make_facts(voucher=make_gift(), gift_credits=100), {}),
    (None, make_facts(voucher=make_gift(), order={"items": [ITEM]}), {}),
    (None, make_facts(), {}),
    (Reason.MISSING_ORDER_ITEMS, make_facts(rules=(TEA,), order={"amount": 1}), {"needed_by": "rule", "path": "1"}),
    (
        Reason.MISSING_ORDER_ITEMS,
        make_facts(voucher=make_voucher(discount=ON_ITEMS), order={"amount": 1}),
        {"needed_by": "discount", "effect": "APPLY_TO_ITEMS"},
    ),
    (
        Reason.MISSING_ORDER_ITEMS,
        make_facts(voucher=make_gift(gift_effect=Effect.APPLY_TO_ITEMS), gift_credits=1),
        {"needed_by": "discount"},
    ),
    (None, make_facts(voucher=make_voucher(discount=ON_ITEMS), order={"items": [ITEM]}), {}),
    (Reason.MISSING_CUSTOMER, make_facts(rules=(VIP,)), {"clause": "customer.segment"}),
    (Reason.MISSING_CUSTOMER, make_facts(rules=(ONCE,)), {"clause": "redemption.count.per_customer"}),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        make_facts(rules=(VIP,), customer=CUSTOMER, segment_names={"seg_vip": "VIP", "seg_other": "Other"}),
        {"wanted": ["seg_vip"], "found": [], "segment_names": {"seg_vip": "VIP"}},
    ),
    (
        Reason.CUSTOMER_RULES_VIOLATED,
        make_facts(rules=(GOLD,), customer=CustomerFacts("cust_1", {"tier": "silver"})),
        {"property": "tier", "found": "silver"},
    ),
    (None, make_facts(rules=(VIP,), customer=CustomerFacts(segments=frozenset({"seg_vip"}))), {}),
    (
        Reason.ORDER_RULES_VIOLATED,
        make_facts(rules=(MINIMUM,), order={"amount": 4999}),
        {"operator": "$more_than_or_equal", "wanted": [5000], "found": 4999, "rule_id": "val_1"},
    ),
    (Reason.ORDER_RULES_VIOLATED, make_facts(rules=(TEA,), order={"items": [ITEM]}), {"found": ["prod_cup"]}),
    (None, make_facts(rules=(MINIMUM,), order={"amount": 5000}), {}),
    (
        Reason.REDEMPTION_RULES_VIOLATED,
        make_facts(rules=(ONCE,), customer=CUSTOMER, tallies={OF_VOUCHER: 1}),
        {"wanted": [1], "found": 2},
    ),
    (None, make_facts(rules=(ONCE,), customer=CUSTOMER, tallies={OF_CAMPAIGN: 1}), {}),
    (
        Reason.GIFT_AMOUNT_EXCEEDED,
        make_facts(voucher=make_gift(2000), gift_credits=2001, order={"amount": 9000}),
        {"balance": 2000, "asked": 2001, "asked_by": "gift.credits"},
    ),
    (
        Reason.GIFT_AMOUNT_EXCEEDED,
        make_facts(voucher=make_gift(2000), order={"amount": 2001}),
        {"asked": 2001, "asked_by": "order.amount"},
    ),
    (None, make_facts(voucher=make_gift(2000), order={"amount": 2000}), {}),
    (None, make_facts(voucher=make_gift(2000), order={"amount": 2100, "discount_amount": 100}), {}),
    (None, make_facts(voucher=make_gift(2000), gift_credits=2000, order={"amount": 9000}), {}),
]


@pytest.mark.parametrize(("reason", "facts", "compared"), ROWS)
def test_an_attempt_gets_its_reason_and_the_values_compared(
    reason: Reason | None, facts: Facts, compared: dict[str, Any]
) -> None:
    decision = decide(facts)
    assert decision.reason == reason
    assert decision.accepted is (reason is None)
    assert {name: decision.compared.get(name) for name in compared} == compared
    assert json.loads(json.dumps(decision.compared, allow_nan=False)) == decision.compared
    if reason is not None:
        assert decision.compared["check"] == reason.value
        assert decision.details
        assert (decision.order, decision.discount_amount, decision.gift_amount) == (None, 0, None)


def test_every_reason_has_a_row() -> None:
    assert {reason for reason, _, _ in ROWS} - {None} == set(Reason)
    assert len(Reason) == 16


def test_the_checks_stand_in_the_documented_order() -> None:
    assert [reason.value for reason, _ in CHECKS] == [
        "invalid_payload",
        "not_found",
        "voucher_disabled",
        "voucher_not_active",
        "voucher_expired",
        "voucher_not_active_now",
        "quantity_exceeded",
        "invalid_order",
        "invalid_amount",
        "missing_amount",
        "missing_order_items",
        "missing_customer",
        "customer_rules_violated",
        "order_rules_violated",
        "redemption_rules_violated",
        "gift_amount_exceeded",
    ]
    assert [reason for reason, _ in CHECKS] == list(Reason)


def test_the_first_check_that_holds_gives_the_reason() -> None:
    """Everything is wrong at once; what is named is put right, one after the other."""
    wrong: dict[str, Any] = {
        "voucher": make_gift(
            10, active=False, start_date=NOW + TICK, expiration_date=NOW - TICK, quantity=1, redeemed_quantity=1
        ),
        "rules": (MINIMUM, TEA, VIP, ONCE),
        "tallies": {OF_VOUCHER: 1},
    }
    bad_items = {"amount": -1, "items": [{**ITEM, "quantity": -1}]}
    vip = CustomerFacts("cust_1", segments=frozenset({"seg_vip"}))
    good = {"amount": 5000, "items": [{**ITEM, "product_id": "prod_tea"}]}
    steps: list[tuple[Reason | None, dict[str, Any]]] = [
        (Reason.INVALID_PAYLOAD, {"request": make_request(order=bad_items, problem=PROBLEM)}),
        (Reason.NOT_FOUND, {"request": make_request(order=bad_items), "voucher": None}),
        (Reason.VOUCHER_DISABLED, {"voucher": wrong["voucher"]}),
        (
            Reason.VOUCHER_NOT_ACTIVE,
            {"voucher": make_gift(10, start_date=NOW + TICK, expiration_date=NOW - TICK, quantity=0)},
        ),
        (
            Reason.VOUCHER_EXPIRED,
            {"voucher": make_gift(10, expiration_date=NOW - TICK, quantity=0, validity=TUESDAYS)},
        ),
        (Reason.VOUCHER_NOT_ACTIVE_NOW, {"voucher": make_gift(10, quantity=0, validity=TUESDAYS)}),
        (Reason.QUANTITY_EXCEEDED, {"voucher": make_gift(10, quantity=0)}),
        (Reason.INVALID_ORDER, {"voucher": make_gift(10)}),
        (Reason.INVALID_AMOUNT, {"request": make_request(order={"amount": -1})}),
        (Reason.MISSING_AMOUNT, {"request": make_request(order={})}),
        (Reason.MISSING_ORDER_ITEMS, {"request": make_request(order={"amount": 1})}),
        (Reason.MISSING_CUSTOMER, {"request": make_request(order={"amount": 1, "items": [ITEM]})}),
        (Reason.CUSTOMER_RULES_VIOLATED, {"customer": CUSTOMER}),
        (Reason.ORDER_RULES_VIOLATED, {"customer": vip}),
        (Reason.REDEMPTION_RULES_VIOLATED, {"request": make_request(order=good)}),
        (Reason.GIFT_AMOUNT_EXCEEDED, {"tallies": {}}),
        (None, {"voucher": make_gift(5000)}),
    ]
    for reason, change in steps:
        wrong |= change
        assert decide(Facts(now=NOW, **wrong) if "request" in wrong else make_facts(**wrong)).reason == reason


def test_a_campaigns_rule_counts_the_campaigns_redemptions() -> None:
    rule = make_rule("redemption.count.per_customer", "$less_than_or_equal", 1, assigned_to="campaign")
    counts = {OF_VOUCHER: 0, OF_CAMPAIGN: 1}
    of_campaign = make_facts(rules=(rule,), customer=CUSTOMER, campaign=make_campaign(), tallies=counts)
    assert decide(of_campaign).reason == Reason.REDEMPTION_RULES_VIOLATED


def test_a_violated_rule_is_named_in_details_and_in_its_own_words() -> None:
    rule = make_rule("order.amount", "$more_than", 1, error_message="Spend a little more")
    decision = decide(make_facts(rules=(rule,), order={"amount": 1}))
    assert decision.details == "Discount Coupon cannot be redeemed because of violated validation rules: val_1"
    assert decision.error_message == "Spend a little more"
    assert decision.compared["tree"]["rules"][0]["holds"] is False
    gift = decide(make_facts(voucher=make_gift(), rules=(rule,), order={"amount": 1}))
    assert gift.details.startswith("Gift Card cannot")


@pytest.mark.parametrize(
    ("facts", "discount_amount", "gift_amount", "total_amount"),
    [
        (accepts(order={"amount": 5000}), 1000, None, 4000),
        (accepts(order={"items": [ITEM]}), 500, None, 0),
        (accepts(voucher=make_voucher(discount=None), order={"amount": 5000}), 0, None, 5000),
        (accepts(voucher=make_gift(2000), order={"amount": 1500}), 1500, 1500, 0),
        (accepts(voucher=make_gift(2000), gift_credits=600, order={"amount": 1500}), 600, 600, 900),
        (accepts(voucher=make_gift(2000), gift_credits=2000, order={"amount": 1500}), 1500, 1500, 0),
        (accepts(voucher=make_gift(2000), gift_credits=700, order={"metadata": {"till": 4}}), 0, 700, None),
    ],
)
def test_an_accepted_attempt_is_priced(
    facts: Facts, discount_amount: int, gift_amount: int | None, total_amount: int | None
) -> None:
    decision = decide(facts)
    assert (decision.reason, decision.discount_amount, decision.gift_amount) == (None, discount_amount, gift_amount)
    assert decision.order is not None
    assert decision.order.get("total_amount") == total_amount


def test_without_an_order_nothing_is_priced() -> None:
    assert decide(accepts()) == Decision()
    assert decide(accepts(voucher=make_gift(), gift_credits=300)) == Decision(gift_amount=300)


def test_every_reason_speaks_on_the_wire_and_on_the_page() -> None:
    assert all(reason.label and reason.message for reason in Reason)
    assert len({reason.label for reason in Reason}) == 16
    assert [reason for reason in Reason if reason.http_status != 400] == [Reason.NOT_FOUND]


def test_what_a_sender_made_up_can_be_stored() -> None:
    for found in ("x" * 10_000, "a\x00b", float("nan"), float("inf"), {"a": 1}, [[[]]]):
        told = decide(make_facts(order={"amount": found})).compared["found"]
        stored = json.dumps(told, allow_nan=False)
        assert len(stored) < 300
        assert "\\u0000" not in stored


@pytest.mark.parametrize(
    "room",
    [
        "redemptions/engine",
        "redemptions/sentences",
        "campaigns/conditions",
        "vouchers/discounts",
        "vouchers",
        "campaigns",
    ],
)
def test_deciding_knows_neither_django_nor_the_clock(room: str) -> None:
    pure = {"vouchers": ["codes.py"], "campaigns": ["validity.py"]}
    folder = Path(__file__).parents[2] / room
    for path in [folder / name for name in pure[room]] if room in pure else sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text())
        names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        names -= {"voucherify_admin.money"}  # pure too, as the contracts in pyproject.toml see to
        assert not {name for name in names if name.split(".")[0] in {"django", "celery", "time", "voucherify_admin"}}
        assert not {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)} & {"utcnow", "today"}
