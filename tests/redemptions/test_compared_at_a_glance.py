"""What was wanted and what was found: in one line where a line says it, as a tree where a rule decided."""

from datetime import timedelta

import pytest
from django.utils import timezone

from redemptions import actions
from redemptions.engine import Channel, Reason, RedeemRequest
from redemptions.views import rule_tree, wanted
from tests.factories import make_customer, make_rule, make_segment, make_voucher

SHOP = Channel("API", "app-1", "Web shop")


def line(told: wanted.Comparison | None) -> tuple[str, str, str] | None:
    return (told.label, told.wanted, told.found) if told else None


@pytest.mark.parametrize(
    ("reason", "facts", "told"),
    [
        (Reason.NOT_FOUND, {"code": "X"}, ("Code", "the code of a voucher", "“X”, which no voucher has")),
        (Reason.VOUCHER_DISABLED, {"of": "voucher", "name": "X"}, ("Voucher X", "enabled", "disabled")),
        (Reason.VOUCHER_DISABLED, {"of": "campaign", "name": "X"}, ("Campaign “X”", "enabled", "disabled")),
        (Reason.QUANTITY_EXCEEDED, {"limit": 1000, "used": 1000}, ("Uses", "fewer than 1,000", "1,000 used")),
        (
            Reason.QUANTITY_EXCEEDED,
            {"limit": 2, "used": 1, "locked": 1},
            ("Uses", "fewer than 2", "1 used, 1 kept by other sessions"),
        ),
        (
            Reason.VOUCHER_EXPIRED,
            {
                "of": "voucher",
                "name": "X",
                "expired_at": "2026-03-01T22:59:00+00:00",
                "now": "2026-03-02T10:00:00+00:00",
            },
            ("Voucher X, end", "until 1 Mar 2026 22:59 UTC", "2 Mar 2026 10:00 UTC"),
        ),
        (
            Reason.VOUCHER_NOT_ACTIVE,
            {
                "of": "campaign",
                "name": "X",
                "starts_at": "2026-03-01T00:00:00+00:00",
                "now": "2026-02-01T00:00:00+00:00",
            },
            ("Campaign “X”, start", "from 1 Mar 2026 00:00 UTC", "1 Feb 2026 00:00 UTC"),
        ),
        (
            Reason.VOUCHER_NOT_ACTIVE_NOW,
            {
                "of": "voucher",
                "name": "X",
                "open": "on Tuesdays",
                "time_zone": "UTC",
                "now": "2026-02-01T00:00:00+00:00",
            },
            ("Voucher X", "on Tuesdays (UTC)", "1 Feb 2026 00:00 UTC"),
        ),
        (
            Reason.GIFT_AMOUNT_EXCEEDED,
            {"asked": 5000, "balance": 2000, "locked_credits": 500},
            ("Balance of the gift card", "at least €50.00", "€20.00, of which €5.00 is kept by other sessions"),
        ),
        (
            Reason.INVALID_AMOUNT,
            {"property": ".order.amount", "expected": "a whole number, 0 or more", "found": -1},
            (".order.amount", "a whole number, 0 or more", "-1"),
        ),
        (
            Reason.INVALID_PAYLOAD,
            {"property": ".customer", "expected": "…", "found": None, "details": "Property .customer must be object"},
            (".customer", "object", "not given"),
        ),
        (
            Reason.MISSING_CUSTOMER,
            {"needed_by": "rule", "rule_name": "Members"},
            ("Customer", "for rule “Members”", "not sent"),
        ),
        (Reason.MISSING_AMOUNT, {"needed_by": "gift"}, ("Amount of the order", "for the gift card", "not sent")),
        (Reason.MISSING_ORDER_ITEMS, {"needed_by": "discount"}, ("Items of the order", "for the discount", "not sent")),
        (
            Reason.ORDER_RULES_VIOLATED,
            {"rule_name": "Shoes", "clause": "applicable_to", "wanted": ["shoe-1"], "found": ["hat-1"]},
            ("Discount of rule “Shoes”", "“shoe-1” on the order", "“hat-1”"),
        ),
    ],
)
def test_one_line_says_what_was_looked_at_wanted_and_found(reason, facts, told):
    with timezone.override("UTC"):
        assert line(wanted.comparison(reason, facts)) == told


@pytest.mark.parametrize("reason", [*Reason, "", "from_a_later_version"])
@pytest.mark.parametrize("facts", [{}, {"limit": "x", "used": None, "asked": [], "expired_at": 5, "needed_by": []}])
def test_facts_that_do_not_say_it_are_no_line_and_no_error(reason, facts):
    told = wanted.comparison(reason, facts)
    assert told is None or told.label


def told(facts: dict) -> list[tuple[int, str, str, bool]]:
    return [(each.level, each.path or each.text, each.status, each.decided) for each in rule_tree.lines(facts)]


@pytest.mark.django_db
def test_a_rule_is_told_as_a_tree_and_the_clause_that_broke_it_is_marked():
    voucher = make_voucher(code="SPRING-1")
    rules = {
        "1": {"name": "order.amount", "conditions": {"$more_than": [1000]}},
        "2": {"name": "customer.segment", "conditions": {"$is": [make_segment(name="Newsletter").public_id]}},
        "3": {"name": "customer.metadata", "property": "city", "conditions": {"$is": ["Madrid"]}},
        "logic": "1 and (2 or 3)",
    }
    make_rule(rules, on=voucher)
    make_customer(source_id="shop-ana", metadata={"city": "Leeds"})
    asked = RedeemRequest(code="SPRING-1", channel=SHOP, order={"amount": 2000}, customer={"source_id": "shop-ana"})
    attempt = actions.redeem(asked)
    decided = attempt.facts["path"]
    assert decided in ("2", "3")
    assert told(attempt.facts) == [
        (0, "All of these hold", "not met", False),
        (1, "1", "met", False),
        (1, "At least one of these holds", "not met", False),
        (2, "2", "not met", decided == "2"),
        (2, "3", "not met", decided == "3"),
    ]


@pytest.mark.django_db
def test_the_tree_of_a_success_is_told_too():
    voucher = make_voucher(code="SPRING-1", expiration_date=timezone.now() + timedelta(days=1))
    rules = {
        "1": {"name": "order.amount", "conditions": {"$more_than": [1000]}},
        "2": {"name": "order.amount", "conditions": {"$more_than": [9000]}},
        "logic": "1 or 2",
    }
    make_rule(rules, on=voucher, name="Spring")
    attempt = actions.redeem(RedeemRequest(code="SPRING-1", channel=SHOP, order={"amount": 2000}))
    [rule] = rule_tree.met(attempt.facts)
    assert (rule.name, rule.logic) == ("Spring", "1 or 2")
    assert [(each.status, each.decided) for each in rule.lines] == [("met", False), ("met", False), ("not met", False)]


@pytest.mark.parametrize("logic", ["", "1 and", "1 and 7", "((1", None, 5])
def test_a_rule_whose_logic_cannot_be_read_is_told_clause_by_clause(logic):
    node = {"name": "order.amount", "operator": "$more_than", "wanted": [1], "found": 2, "holds": True}
    tree = {"logic": logic, "rules": [{**node, "path": "1"}, {**node, "path": "2", "holds": False}]}
    assert told({"tree": tree, "path": "2"}) == [(0, "1", "met", False), (0, "2", "not met", True)]


def test_what_is_not_known_leaves_open_what_the_others_do_not_settle():
    def holds(logic: str, *parts: bool | None) -> bool | None:
        nodes = [{"name": "order.amount", "path": str(n), "holds": part} for n, part in enumerate(parts, 1)]
        return rule_tree.lines({"tree": {"logic": logic, "rules": nodes}})[0].holds

    assert holds("1 and 2", True, None) is None
    assert holds("1 and 2", False, None) is False
    assert holds("1 or 2", True, None) is True
    assert holds("1 or 2", False, None) is None
