"""Who meets a rule, which clause is told when not, and which rules are refused when they are saved."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from campaigns.conditions import (
    RULES,
    InvalidRule,
    Item,
    Outcome,
    Subject,
    Tally,
    evaluate,
    needs,
    parse_rules,
    period_start,
)
from campaigns.conditions.clauses import SAID_OF_PRODUCTS


def rule(name: str, conditions: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"name": name, "conditions": conditions or {}, **more}


def subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "amount": 5000,
        "initial_amount": 6000,
        "items": (
            Item(product_ids=frozenset({"prod_tea", "TEA"}), quantity=2, price=1000, amount=2000),
            Item(product_ids=frozenset({"prod_cup"}), sku_ids=frozenset({"sku_red"}), quantity=1, price=3000),
        ),
        "order_metadata": {"shop": "Oslo 1", "express": True, "tags": ["gift", "web"]},
        "customer": True,
        "segments": frozenset({"seg_vip"}),
        "customer_metadata": {"tier": "gold", "age": 30},
        "redemption_metadata": {"till": "T-04"},
        "tallies": {Tally("count", "assigned", "customer"): 2},
    }
    return Subject(**{**values, **changes})


def held(rules: dict[str, Any], known: Subject | None = None, **options: Any) -> Outcome:
    return evaluate(parse_rules(rules), known or subject(), **options)


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (rule("order.amount", {"$more_than": [4999]}), True),
        (rule("order.amount", {"$more_than": [5000]}), False),
        (rule("order.amount", {"$more_than_or_equal": [5000]}), True),
        (rule("order.amount", {"$greater_than_or_equal": [5001]}), False),
        (rule("order.amount", {"$less_than": [5000]}), False),
        (rule("order.amount", {"$less_than_or_equal": [5000]}), True),
        (rule("order.amount", {"$is": [5000]}), True),
        (rule("order.amount", {"$is_not": [5000]}), False),
        (rule("order.amount", {"$more_than": 4999}), True),
        (rule("order.amount", {"$more_than": [1000], "$less_than": [2000]}), False),
        (rule("order.initial_amount", {"$is": [6000]}), True),
        (rule("order.items.count", {"$is": [3]}), True),
        (rule("order.items.count", {"$more_than": [3]}), False),
        (rule("product.id", {"$is": ["prod_tea"]}), True),
        (rule("product.id", {"$is": [{"id": "prod_x", "source_id": "TEA", "object": "product"}]}), True),
        (rule("product.id", {"$in": ["prod_x", "prod_cup"]}), True),
        (rule("product.id", {"$in": ["prod_x"]}), False),
        (rule("product.id", {"$is_not": ["prod_tea"]}), False),
        (rule("product.id", {"$not_in": ["prod_x", "prod_y"]}), True),
        (rule("product.id", {"$is": ["sku_red"]}), False),
        (rule("sku.id", {"$is": ["sku_red"]}), True),
        (rule("order.items.any", {"$is": ["sku_red"]}), True),
        (rule("order.items.any", rules={"1": rule("product.id", {"$is": ["prod_cup"]})}), True),
        (rule("order.items.any", rules={"1": rule("product.id", {"$is": ["prod_x"]})}), False),
        (rule("customer.segment", {"$is": ["seg_vip"]}), True),
        (rule("customer.segment", {"$is": ["seg_unknown"]}), False),
        (rule("customer.segment", {"$is_not": ["seg_vip"]}), False),
        (rule("customer_segment", {"$in": ["seg_a", "seg_vip"]}), True),
        (rule("customer.metadata", {"$is": ["gold"]}, property="tier"), True),
        (rule("customer_metadata", {"$is": ["silver"]}, property="tier"), False),
        (rule("customer.metadata", {"$more_than": [29.5]}, property="age"), True),
        (rule("customer.metadata", {"$more_than": [1]}, property="tier"), False),
        (rule("customer.metadata", {"$has_value": [True]}, property="tier"), True),
        (rule("customer.metadata", {"$is_unknown": []}, property="tier"), False),
        (rule("customer.metadata", {"$is_unknown": []}, property="nothing"), True),
        (rule("customer.metadata", {"$is_not": ["x"]}, property="nothing"), True),
        (rule("order.metadata", {"$starts_with": ["Oslo"]}, property="shop"), True),
        (rule("order.metadata", {"$ends_with": ["2"]}, property="shop"), False),
        (rule("order.metadata", {"$contains": ["slo"]}, property="shop"), True),
        (rule("order.metadata", {"$contains": ["web"]}, property="tags"), True),
        (rule("order.metadata", {"$not_contain": ["web"]}, property="tags"), False),
        (rule("order.metadata", {"$is": [True]}, property="express"), True),
        (rule("order.metadata", {"$is": [1]}, property="express"), False),
        (rule("redemption.metadata", {"$in": ["T-04", "T-05"]}, property="till"), True),
        (rule("redemption.count.per_customer", {"$less_than_or_equal": [2]}), True),
        (rule("redemption.count.per_customer", {"$less_than_or_equal": [1]}), False),
        (rule("redemption_count_per_customer", {"$less_than_or_equal": [1]}), False),
    ],
)
def test_a_clause_holds_or_not(clause: dict[str, Any], holds: bool) -> None:
    outcome = held({"1": clause})
    assert outcome.holds is holds
    assert outcome.missing is None
    assert (outcome.first_failure is None) is holds
    json.dumps(outcome.tree)


# The last Sunday of March 2026, an hour after the clocks in Warsaw were put forward.
SUNDAY = datetime(2026, 3, 29, 2, 0, tzinfo=UTC)
WARSAW = ZoneInfo("Europe/Warsaw")


def at(operator: str, *wanted: Any) -> dict[str, Any]:
    return rule("redemption.date", {operator: list(wanted)})


def joined(operator: str, *wanted: Any) -> dict[str, Any]:
    return rule("customer.metadata", {operator: list(wanted)}, property="joined")


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (at("$dow", 0), True),
        (at("$dow", 6, 1), False),
        (at("$timeframe_daily_hours", "04:00", "04:01"), True),
        (at("$timeframe_daily_hours", "02:00", "04:00"), False),
        (at("$timeframe_daily_hours", "22:00", "05:00"), True),
        (at("$timeframe_daily_hours", "22:00", "03:00"), False),
        (at("$timeframe_daily_hours", "00:00", "24:00"), True),
        (at("$timeframe_absolute", "2026-03-29T02:00:00Z", "2026-03-30"), True),
        (at("$timeframe_absolute", "2026-03-28", "2026-03-29T01:59:59Z"), False),
        (at("$after", "2026-03-29"), True),
        (at("$after", "2026-03-29T04:00:00"), False),
        (at("$after", "2026-03-29T03:59:59.999Z"), False),
        (at("$from", "2026-03-29T04:00:00"), True),
        (at("$before", "2026-03-29T04:00:01"), True),
        (at("$before", "2026-03-29T04:00:00+02:00"), False),
        (joined("$is_days_ago", 10), True),
        (joined("$is_days_ago", 9), False),
        (joined("$more_than_ago", 9), True),
        (joined("$more_than_ago", 10), False),
        (joined("$less_than_ago", 10), True),
        (joined("$less_than_ago", 9), False),
        (joined("$more_than_future", 0), False),
        (joined("$is_days_in_future", 0), False),
        (joined("$dow", 4), True),
        (rule("customer.metadata", {"$is_days_in_future": [2]}, property="due"), True),
        (rule("customer.metadata", {"$less_than_future": [2]}, property="due"), False),
        (rule("customer.metadata", {"$less_than_future": [3]}, property="due"), True),
        (rule("customer.metadata", {"$more_than_future": [1]}, property="due"), True),
        (rule("customer.metadata", {"$after": ["2020-01-01"]}, property="tier"), False),
        (rule("customer.created_at", {"$more_than_ago": [364]}), True),
    ],
)
def test_a_clause_may_ask_for_time_in_the_projects_zone(clause: dict[str, Any], holds: bool) -> None:
    known = subject(
        now=SUNDAY,
        tz=WARSAW,
        customer_metadata={"joined": "2026-03-19T12:00:00+01:00", "due": "2026-03-31T12:00:00Z", "tier": "gold"},
        customer_fields={"created_at": "2025-03-29T00:00:00+00:00"},
    )
    outcome = held({"1": clause}, known)
    assert outcome.holds is holds
    json.dumps(outcome.tree)


@pytest.mark.parametrize(
    ("now", "period", "start"),
    [
        (SUNDAY, "daily", "2026-03-28T23:00:00+00:00"),
        (SUNDAY, "weekly", "2026-03-22T23:00:00+00:00"),
        (SUNDAY, "monthly", "2026-02-28T23:00:00+00:00"),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "daily", "2026-03-29T22:00:00+00:00"),
        (datetime(2026, 3, 29, 22, 30, tzinfo=UTC), "weekly", "2026-03-29T22:00:00+00:00"),
        (datetime(2026, 3, 31, 21, 59, tzinfo=UTC), "monthly", "2026-02-28T23:00:00+00:00"),
        (datetime(2026, 3, 31, 22, 0, tzinfo=UTC), "monthly", "2026-03-31T22:00:00+00:00"),
    ],
)
def test_days_weeks_and_months_begin_at_midnight_in_the_zone(now: datetime, period: Any, start: str) -> None:
    assert period_start(now, period, WARSAW).isoformat() == start


@pytest.mark.parametrize(
    ("clause", "holds"),
    [
        (rule("order.metadata", {"$count": [2]}, property="tags"), True),
        (rule("order.metadata", {"$count_more": [2]}, property="tags"), False),
        (rule("order.metadata", {"$count_less": [1]}, property="nothing"), True),
        (rule("order.metadata", {"$not_differ": ["web", "gift"]}, property="tags"), True),
        (rule("order.metadata", {"$not_differ": ["web"]}, property="tags"), False),
        (rule("order.metadata", {"$not_differ": ["web", "gift", "x"]}, property="tags"), False),
        (rule("order.metadata", {"$not_intersect": ["x", "y"]}, property="tags"), True),
        (rule("order.metadata", {"$not_intersect": ["x", "web"]}, property="tags"), False),
        (rule("customer.segment", {"$count_more": [0]}), True),
        (rule("order.items.any", {"$is_not": ["prod_tea", "TEA"]}), True),
        (rule("order.items.every", {"$in": ["TEA", "sku_red"]}), True),
        (rule("order.items.every", {"$in": ["TEA"]}), False),
        (rule("order.items.none", {"$is": ["prod_x"]}), True),
        (rule("order.items.none", {"$in": ["prod_x", "sku_red"]}), False),
        (rule("order.items.cheapest", {"$is": ["TEA"]}), True),
        (rule("order.items.cheapest", {"$is": ["sku_red"]}), False),
        (rule("order.items.most_expensive", {"$is": ["sku_red"]}), True),
        (rule("order.items.price_any", {"$is": [3000]}), True),
        (rule("order.items.price_each", {"$more_than": [1000]}), False),
        (rule("product.price", {"$less_than": [1000]}), False),
        (rule("sku.price", {"$less_than": [3000]}), False),
        (rule("sku.price", {"$is": [3000]}, rules={"1": rule("sku.quantity", {"$is": [1]})}), True),
        (rule("product.quantity", {"$is": [3]}), True),
        (rule("order.total_amount", {"$is": [5000]}), True),
        (rule("redemption.user.login", {"$is_unknown": []}), True),
    ],
)
def test_items_and_sets_are_held_against_the_clause(clause: dict[str, Any], holds: bool) -> None:
    assert held({"1": clause}).holds is holds


@pytest.mark.parametrize("name", sorted(name for name, known in RULES.items() if known.required == ("items",)))
def test_of_an_order_without_items_only_none_holds(name: str) -> None:
    about = RULES[name]
    wanted = {"number": {"$more_than": [0]}, "truth": {"$is": [True]}}.get(about.values, {"$is": ["x"]})
    clause = rule(name, wanted, property="x")
    rules: dict[str, Any] = {"1": clause}
    if name in SAID_OF_PRODUCTS:
        rules = {"1": rule("product.id", {"$is": ["x"]}, rules={"1": clause})}
    assert held(rules, subject(items=())).holds is (name == "order.items.none")


def test_what_no_item_may_be_is_not_known_without_what_it_asks_for() -> None:
    rules = {"1": rule("order.items.none", rules={"1": SEGMENT})}
    outcome = held(rules, subject(customer=False))
    assert (outcome.holds, outcome.missing) == (False, "customer")
    assert not held(rules).holds
    assert held(rules, subject(segments=frozenset())).holds


def test_items_of_unknown_price_are_neither_cheap_nor_dear() -> None:
    items = (Item(product_ids=frozenset({"gift"})), Item(product_ids=frozenset({"tea"}), price=5))
    known = subject(items=items)
    assert held({"1": rule("order.items.cheapest", {"$is": ["tea"]})}, known).holds
    assert not held({"1": rule("order.items.price_each", {"$more_than_or_equal": [0]})}, known).holds
    assert not held({"1": rule("order.items.cheapest", {"$is": ["gift"]})}, subject(items=items[:1])).holds


YES = rule("order.amount", {"$is": [5000]})
NO = rule("order.amount", {"$is": [1]})


@pytest.mark.parametrize(
    ("logic", "holds"),
    [
        (None, False),
        ("", False),
        ("1 or 2 or 3", True),
        ("1 AND (2 OR 3)", True),
        ("(1 and 2) or 3", True),
        ("3 or 1 and 2", True),
        ("(3 or 1) and 2", False),
        ("((1)) and ((2) and 3)", False),
        ("(1 and 3) and (2)", False),
    ],
)
def test_logic_combines_the_clauses(logic: str | None, holds: bool) -> None:
    rules = {"1": YES, "2": NO, "3": YES, **({} if logic is None else {"logic": logic})}
    assert held(rules).holds is holds


def test_no_rules_hold_always() -> None:
    assert held({}).holds
    assert held({"logic": ""}).holds


def test_a_nested_rule_is_held_against_the_product_above_it() -> None:
    rules = {
        "1": rule(
            "product.id",
            {"$is": ["prod_tea"]},
            rules={"1": rule("order.items.count", {"$more_than": [2]}, error={"message": "Three teas, please"})},
        )
    }
    outcome = held(rules)
    assert not outcome.holds
    assert outcome.first_failure is not None
    assert (outcome.first_failure.path, outcome.first_failure.found) == ("1.1", 2)
    assert outcome.error_message == "Three teas, please"
    assert [node["holds"] for node in outcome.tree["rules"][0]["rules"]] == [False]


def test_any_item_has_to_meet_all_nested_rules_at_once() -> None:
    both = {"1": rule("product.id", {"$is": ["TEA"]}), "2": rule("sku.id", {"$is": ["sku_red"]})}
    assert not held({"1": rule("order.items.any", rules=both)}).holds
    assert held({"1": rule("order.items.any", rules={**both, "logic": "1 or 2"})}).holds


def test_the_failure_tells_what_was_compared() -> None:
    outcome = held({"1": rule("order.amount", {"$more_than": [9999]}), "2": YES}, error_message="Spend more")
    failure = outcome.first_failure
    assert failure is not None
    assert (failure.path, failure.name, failure.operator) == ("1", "order.amount", "$more_than")
    assert (failure.wanted, failure.found) == ([9999], 5000)
    assert (outcome.group, outcome.error_message) == ("order", "Spend more")


def test_of_several_failures_the_customers_is_told_first() -> None:
    rules = {"1": NO, "2": rule("customer.segment", {"$is": ["seg_a"]}), "3": YES}
    assert held(rules).group == "customer"
    assert held({**rules, "logic": "1 and (2 or 3)"}).group == "order"


def test_an_error_text_of_the_clause_wins_over_the_fallback() -> None:
    clause = rule("order.amount", {"$is": [1]}, error={"message": "Exactly one cent"})
    assert held({"1": clause}, error_message="fallback").error_message == "Exactly one cent"


SEGMENT = rule("customer.segment", {"$is": ["seg_vip"]})
ITEMS = rule("order.items.count", {"$more_than": [0]})


@pytest.mark.parametrize(
    ("rules", "known", "missing"),
    [
        ({"1": SEGMENT}, subject(customer=False), "customer"),
        ({"1": rule("customer.metadata", {"$is": [1]}, property="x")}, subject(customer=False), "customer"),
        ({"1": rule("redemption.count.per_customer", {"$is": [1]})}, subject(customer=False), "customer"),
        ({"1": ITEMS}, subject(items=None), "items"),
        ({"1": rule("product.id", {"$is_not": ["x"]})}, subject(items=None), "items"),
        ({"1": YES}, subject(amount=None), "amount"),
        ({"1": SEGMENT, "2": ITEMS, "3": YES}, Subject(), "amount"),
        ({"1": SEGMENT, "2": ITEMS}, Subject(), "items"),
        ({"1": SEGMENT, "2": NO, "logic": "1 or 2"}, subject(customer=False), "customer"),
    ],
)
def test_what_was_not_sent_is_missing_where_it_decides(rules: dict[str, Any], known: Subject, missing: str) -> None:
    outcome = held(rules, known)
    assert (outcome.holds, outcome.missing) == (False, missing)


def test_what_was_not_sent_does_not_matter_where_it_decides_nothing() -> None:
    unknown = subject(customer=False)
    assert held({"1": SEGMENT, "2": YES, "logic": "1 or 2"}, unknown).holds
    outcome = held({"1": SEGMENT, "2": NO}, unknown)
    assert (outcome.holds, outcome.missing, outcome.group) == (False, None, "order")
    assert [node["holds"] for node in outcome.tree["rules"]] == [None, False]


def test_an_empty_list_of_items_was_sent() -> None:
    outcome = held({"1": ITEMS}, subject(items=()))
    assert (outcome.holds, outcome.missing) == (False, None)


@pytest.mark.parametrize(
    ("rules", "details"),
    [
        ([], "Property .rules should be an object"),
        ({"1": "x"}, "Rule '1' should be an object"),
        ({"a b": YES}, "not 'a b'"),
        ({"1": {"conditions": {}}}, "Rule '1' must have a 'name'"),
        ({"1": rule("order.weight", {"$is": [1]})}, "Rule '1' has the unknown name 'order.weight'"),
        ({"1": rule("custom_event.metadata", {"$is": [1]})}, "custom_event.metadata. cannot be evaluated: there are"),
        ({"1": rule("publication.redeemable_by_linked_customer", {"$is": [True]})}, "publications do not bind"),
        ({"1": rule("redemption.date", {"$timeframe": ["x"]})}, "timeframe: nothing says which values"),
        ({"1": rule("redemption.date", {"$after": ["soon"]})}, "takes one ISO 8601 date such as"),
        ({"1": rule("redemption.date", {"$after": ["2026-01-01", "2027-01-01"]})}, "takes one ISO 8601 date such as"),
        ({"1": rule("redemption.date", {"$timeframe_absolute": ["2026-01-01"]})}, "takes two ISO 8601 dates"),
        ({"1": rule("redemption.date", {"$timeframe_daily_hours": ["9", "17"]})}, "takes two times of the day"),
        ({"1": rule("redemption.date", {"$dow": [7]})}, "takes days of the week from 0"),
        ({"1": rule("redemption.date", {"$dow": []})}, "takes days of the week from 0"),
        ({"1": rule("redemption.date", {"$is": ["2026-01-01"]})}, "this rule is about a moment; use"),
        ({"1": rule("order.amount", {"$dow": [1]})}, "this rule is about a number"),
        ({"1": rule("customer.name", {"$more_than": [1]})}, "this rule is about a text"),
        ({"1": rule("customer.metadata", {"$less_than_ago": [-1]}, property="a")}, "one whole number of days from 0"),
        ({"1": rule("customer.metadata", {"$less_than_ago": [10**9]}, property="a")}, "of days from 0 to 36500"),
        ({"1": rule("customer.metadata", {"$count": ["1"]}, property="a")}, "takes one whole number of values"),
        ({"1": rule("order.items.metadata_any", {"$is": [1]})}, "Rule 'order.items.metadata_any' must have a 'propert"),
        ({"1": rule("product.discount_applicable", {"$is": [True]})}, "has to stand in the rules of product.id"),
        ({"1": rule("product.metadata.match_all", {"$is": [1]})}, "has to stand in the rules of product.id"),
        (
            {"1": rule("product.id", {"$is": ["a"]}, rules={"1": rule("product.discount_applicable", {"$is": [1]})})},
            "takes true or false, not 1",
        ),
        ({"1": rule("order.amount", {"$about": [1]})}, "Rule '1' .order.amount. has the unknown operator '.about'"),
        ({"1": rule("order.amount")}, "must have 'conditions'"),
        ({"1": rule("order.amount", {"$more_than": ["10"]})}, "more_than takes one whole number, not"),
        ({"1": rule("order.amount", {"$more_than": [1, 2]})}, "takes one whole number"),
        ({"1": rule("order.amount", {"$more_than": [True]})}, "takes one whole number"),
        ({"1": rule("order.amount", {"$is": [1.5]})}, "takes whole numbers, not 1.5"),
        ({"1": rule("order.amount", {"$is": []})}, "needs at least one value"),
        ({"1": rule("order.amount", {"$contains": ["1"]})}, "compares texts"),
        ({"1": rule("customer.segment", {"$more_than": [1]})}, "compares numbers"),
        ({"1": rule("customer.segment", {"$is": [5]})}, "takes ids, not 5"),
        ({"1": rule("product.id", {"$is": [{"object": "product"}]})}, "takes ids"),
        ({"1": rule("customer.metadata", {"$is": [1]})}, "Rule 'customer.metadata' must have a 'property'"),
        ({"1": rule("order.metadata", {"$is": [{}]}, property="a")}, "takes texts, numbers"),
        ({"1": rule("order.metadata", {"$starts_with": [5]}, property="a")}, "takes texts, not 5"),
        ({"1": rule("order.amount", {"$is": [1]}, error="no")}, "error should be an object"),
        ({"1": rule("order.amount", {"$is": [1]}, rules={"1": rule("x", {})})}, "Rule '1.1' has the unknown name 'x'"),
        ({"1": YES, "logic": 1}, "logic should be a text"),
        ({"1": YES, "logic": "1 and 2"}, "logic names rule '2', which does not exist"),
        ({"1": YES, "2": NO, "logic": "1"}, "logic does not mention rule '2'"),
        ({"1": YES, "logic": "1 and"}, "logic ends too early"),
        ({"1": YES, "logic": "(1"}, "lacks a closing bracket"),
        ({"1": YES, "logic": "1)"}, "unexpected '[)]'"),
        ({"1": YES, "logic": "and 1"}, "unexpected 'and'"),
        ({"1": YES, "logic": "1 1"}, "unexpected '1'"),
        ({"1": YES, "logic": "1 & 1"}, "cannot be read from '& 1' on"),
        ({"1": YES, "logic": "(" * 200 + "1" + ")" * 200}, "too many brackets"),
        ({"1": YES, "logic": "1 and " * 1000 + "1"}, "longer than 2000"),
    ],
)
def test_a_rule_that_could_not_be_evaluated_is_refused_when_it_is_saved(rules: Any, details: str) -> None:
    with pytest.raises(InvalidRule, match=details) as refused:
        parse_rules(rules)
    assert refused.value.message == "Invalid Validation Rule Definition"


def test_rules_nested_without_end_are_refused() -> None:
    rules: dict[str, Any] = {"1": YES}
    for _ in range(500):
        rules = {"1": rule("order.amount", {"$is": [1]}, rules=rules)}
    with pytest.raises(InvalidRule, match="deeper than"):
        parse_rules(rules)


def test_rules_say_what_has_to_be_loaded_for_them() -> None:
    asked = needs(
        parse_rules({"1": rule("customer.segment", {"$in": ["seg_a", "seg_b"]})}),
        parse_rules({"1": rule("order.items.any", rules={"1": rule("product.id", {"$is": ["prod_tea"]})})}),
    )
    assert (asked.segments, asked.products) == (frozenset({"seg_a", "seg_b"}), frozenset({"prod_tea"}))
    assert (asked.customer, asked.customer_metadata, asked.tallies) == (True, False, frozenset())
    nothing = needs()
    assert (nothing.customer, nothing.segments) == (False, frozenset())
    counted = needs(parse_rules({"1": rule("redemption.count.per_customer", {"$is": [1]})}))
    assert (counted.customer, counted.tallies) == (True, {Tally("count", "assigned", "customer")})
