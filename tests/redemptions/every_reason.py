"""The table of test_every_reason.py: for each reason the attempt that is just refused and the one that just passes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from redemptions.engine import Reason
from redemptions.models import SessionLock
from tests import factories
from vouchers.models import Voucher

CODE = "THE-CODE"
# A Wednesday, half past noon.
NOW = datetime(2026, 5, 13, 12, 30, tzinfo=UTC)
MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)
TOLD_NOW = "2026-05-13T12:30:00+00:00"
# The ways to redeem one code.
LEGACY, ALONE, STACKED, BY_HAND = (
    "POST /v1/vouchers/{code}/redemption",
    "POST /v1/redemptions, one code",
    "POST /v1/redemptions, after another code",
    "the page that redeems by hand",
)
API = (LEGACY, ALONE, STACKED)
EVERY_WAY = (*API, BY_HAND)
# Why no attempt of this reason comes from the page; it has more cases over the API.
NOT_BY_HAND = {
    Reason.INVALID_PAYLOAD: "The form refuses beside the field what is not of its kind, and nothing was attempted yet.",
}


@dataclass(frozen=True)
class Attempt:
    """A voucher as it differs from any other (`campaign` holds what its campaign does), and what is sent for it."""

    voucher: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """One boundary: `refused` fails for the reason, `allowed` is as near to it as there is and succeeds.

    `around` makes what else there has to be, told whether it is for the allowed attempt. `facts` are all that is
    stored, besides the reason and the wire's `details`.
    """

    reason: Reason
    about: str
    refused: Attempt
    allowed: Attempt
    facts: dict[str, Any]
    details: str
    sentence: str
    around: Callable[[Voucher, bool], None] = lambda voucher, is_allowed: None
    ways: tuple[str, ...] = EVERY_WAY


def bound_by(name: str, operator: str = "", *wanted: Any, **more: Any) -> Callable[[Voucher, bool], None]:
    """A rule “R” on the voucher, with this clause."""
    clause = {"name": name, "conditions": {f"${operator}": list(wanted)} if operator else {}, **more}

    def around(voucher: Voucher, is_allowed: bool) -> None:
        factories.make_rule({"1": clause}, on=voucher, name="R", public_id="val_1")

    return around


def for_members(voucher: Voucher, is_allowed: bool) -> None:
    """A rule for a segment that Ann is in and Bob is not."""
    ann = factories.make_customer(source_id="ann")
    factories.make_customer(source_id="bob")
    factories.make_segment(ann, name="VIP", public_id="seg_1")
    bound_by("customer.segment", "is", "seg_1")(voucher, is_allowed)


def used_before(voucher: Voucher, is_allowed: bool) -> None:
    """A rule of two uses per customer; Ann made one of them, or both."""
    ann = factories.make_customer(source_id="ann")
    for _ in range(1 if is_allowed else 2):
        factories.make_redemption(voucher=voucher, customer=ann, created_at=NOW - DAY)
    bound_by("redemption.count.per_customer", "less_than_or_equal", 2)(voucher, is_allowed)


def kept_by_a_cart(credits: int = 0) -> Callable[[Voucher, bool], None]:
    """Another session keeps a use of the voucher and these cents; of the allowed attempt it ends at this moment."""

    def around(voucher: Voucher, is_allowed: bool) -> None:
        ends = NOW if is_allowed else NOW + MOMENT
        SessionLock.objects.create(voucher=voucher, session_key="cart", credits=credits, expires_at=ends)

    return around


def of_rule(
    clause: str, operator: str, wanted: list[Any], found: Any, *, property: str | None = None, **more: Any
) -> dict[str, Any]:
    """The facts of rule “R”, whose only clause is not met or, where nothing was found, cannot be judged."""
    holds = None if found is None else False
    looked_at = {"path": "1", "property": property, "operator": operator, "wanted": wanted, "found": found}
    node = {**looked_at, "name": clause, "holds": holds, "logic": "", "rules": [], "error_message": None}
    return {
        "rule_id": "val_1",
        "rule_name": "R",
        "assigned_to": "voucher",
        "tree": {"holds": holds, "logic": "1", "rules": [node]},
        "clause": clause,
        **looked_at,
        **more,
    }


def order(*lines: tuple[str, int, int], **more: Any) -> dict[str, Any]:
    """A body with an order of these lines: product, quantity, price in cents."""
    items = [{"product_id": product, "quantity": quantity, "price": price} for product, quantity, price in lines]
    return {"order": {**({"items": items} if items else {}), **more}}


VIOLATED = "Discount Coupon cannot be redeemed because of violated validation rules: val_1"
ANN, BOB = {"customer": {"source_id": "ann"}}, {"customer": {"source_id": "bob"}}
HELD = {"type": "GIFT_VOUCHER", "gift_balance": 5000}
MOST = 10**12

SCENES = [
    Scene(
        Reason.INVALID_PAYLOAD,
        "metadata is an object",
        Attempt(body={"metadata": "till 4"}),
        Attempt(body={"metadata": {}}),
        {"property": ".metadata", "found": "till 4", "expected": "Input should be a valid dictionary"},
        "Property .metadata must be object",
        "The request could not be read: Property .metadata must be object.",
        ways=API,
    ),
    Scene(
        Reason.INVALID_PAYLOAD,
        "a tracking id has 200 characters",
        Attempt(body={"tracking_id": "x" * 201}),
        Attempt(body={"tracking_id": "x" * 200}),
        {"property": ".tracking_id", "found": "x" * 200, "expected": "String should have at most 200 characters"},
        "Property .tracking_id: String should have at most 200 characters",
        "The request could not be read: Property .tracking_id: String should have at most 200 characters.",
        ways=API,
    ),
    Scene(
        Reason.INVALID_PAYLOAD,
        "a customer's id is one that somebody has",
        Attempt(body={"customer": {"id": "cust_nobody"}}),
        Attempt(body={"customer": {"source_id": "cust_nobody"}}),
        {
            "property": ".customer.id",
            "found": "cust_nobody",
            "expected": "the id of a known customer; send source_id to have one created",
        },
        "Cannot find customer with id cust_nobody",
        "The request could not be read: Cannot find customer with id cust_nobody.",
        ways=API,
    ),
    Scene(
        Reason.NOT_FOUND,
        "capitals count",
        Attempt({"code": CODE.lower()}),
        Attempt({"code": CODE}),
        {"code": CODE},
        "Cannot find voucher with id THE-CODE",
        "No voucher has the code “THE-CODE”; check the spelling or create it.",
    ),
    Scene(
        Reason.VOUCHER_DISABLED,
        "the voucher is on",
        Attempt({"is_active": False}),
        Attempt({"is_active": True}),
        {"of": "voucher", "name": CODE},
        CODE,
        "Voucher THE-CODE is disabled; enable it to let it pass.",
    ),
    Scene(
        Reason.VOUCHER_DISABLED,
        "its campaign is on",
        Attempt({"campaign": {"is_active": False}}),
        Attempt({"campaign": {"is_active": True}}),
        {"of": "campaign", "name": "Spring"},
        CODE,
        "Campaign “Spring” is disabled, and its vouchers with it; enable the campaign to let the code pass.",
    ),
    Scene(
        Reason.VOUCHER_NOT_ACTIVE,
        "from its first moment on",
        Attempt({"start_date": NOW + MOMENT}),
        Attempt({"start_date": NOW}),
        {"of": "voucher", "name": CODE, "starts_at": "2026-05-13T12:30:00.000001+00:00", "now": TOLD_NOW},
        CODE,
        "Not active before 13 May 2026 12:30 UTC.",
    ),
    Scene(
        Reason.VOUCHER_NOT_ACTIVE,
        "from the first moment of its campaign on",
        Attempt({"start_date": NOW - DAY, "campaign": {"start_date": NOW + MOMENT}}),
        Attempt({"start_date": NOW - DAY, "campaign": {"start_date": NOW}}),
        {"of": "campaign", "name": "Spring", "starts_at": "2026-05-13T12:30:00.000001+00:00", "now": TOLD_NOW},
        CODE,
        "Campaign “Spring” starts 13 May 2026 12:30 UTC.",
    ),
    Scene(
        Reason.VOUCHER_EXPIRED,
        "up to its last moment",
        Attempt({"expiration_date": NOW - MOMENT}),
        Attempt({"expiration_date": NOW}),
        {"of": "voucher", "name": CODE, "expired_at": "2026-05-13T12:29:59.999999+00:00", "now": TOLD_NOW},
        CODE,
        "Expired 13 May 2026 12:29 UTC.",
    ),
    Scene(
        Reason.VOUCHER_EXPIRED,
        "up to the last moment of its campaign",
        Attempt({"expiration_date": NOW + DAY, "campaign": {"expiration_date": NOW - MOMENT}}),
        Attempt({"expiration_date": NOW + DAY, "campaign": {"expiration_date": NOW}}),
        {"of": "campaign", "name": "Spring", "expired_at": "2026-05-13T12:29:59.999999+00:00", "now": TOLD_NOW},
        CODE,
        "Campaign “Spring” expired 13 May 2026 12:29 UTC.",
    ),
    Scene(
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        "on its days",
        Attempt({"validity_day_of_week": [4]}),
        Attempt({"validity_day_of_week": [3]}),
        {
            "of": "voucher",
            "name": CODE,
            "open": "on Thursdays",
            "now": TOLD_NOW,
            "time_zone": "UTC",
            "opens_at": "2026-05-14T00:00:00+00:00",
        },
        CODE,
        "Voucher THE-CODE is open only on Thursdays (UTC); next 14 May 2026 00:00 UTC.",
    ),
    Scene(
        Reason.VOUCHER_NOT_ACTIVE_NOW,
        "within its hours",
        Attempt({"validity_hours": {"daily": [{"start_time": "12:31", "expiration_time": "13:00"}]}}),
        Attempt({"validity_hours": {"daily": [{"start_time": "12:30", "expiration_time": "13:00"}]}}),
        {
            "of": "voucher",
            "name": CODE,
            "open": "from 12:31 to 13:00",
            "now": TOLD_NOW,
            "time_zone": "UTC",
            "opens_at": "2026-05-13T12:31:00+00:00",
        },
        CODE,
        "Voucher THE-CODE is open only from 12:31 to 13:00 (UTC); next 13 May 2026 12:31 UTC.",
    ),
    Scene(
        Reason.QUANTITY_EXCEEDED,
        "the hundredth of a hundred",
        Attempt({"quantity": 100, "redeemed_quantity": 100}),
        Attempt({"quantity": 100, "redeemed_quantity": 99}),
        {"limit": 100, "used": 100},
        CODE,
        "Limit 100, used 100.",
    ),
    Scene(
        Reason.QUANTITY_EXCEEDED,
        "the last one is free again when a session ends",
        Attempt({"quantity": 100, "redeemed_quantity": 99}),
        Attempt({"quantity": 100, "redeemed_quantity": 99}),
        {"limit": 100, "used": 99, "locked": 1},
        CODE,
        "Limit 100, used 99, kept by other sessions 1.",
        kept_by_a_cart(),
    ),
    Scene(
        Reason.INVALID_ORDER,
        "an item names its product",
        Attempt(body={"order": {"items": [{"quantity": 1}]}}),
        Attempt(body={"order": {"items": [{"quantity": 1, "sku_id": "tea-s"}]}}),
        {"property": ".order.items[0]", "found": None, "expected": "given a product_id, sku_id or source_id"},
        "Property .order.items[0] should be given a product_id, sku_id or source_id",
        "Property .order.items[0] should be given a product_id, sku_id or source_id.",
        ways=API,
    ),
    Scene(
        Reason.INVALID_ORDER,
        "a quantity is 0 or more",
        Attempt(body=order(("tea", -1, 100))),
        Attempt(body=order(("tea", 0, 100))),
        {"property": ".order.items[0].quantity", "found": -1, "expected": "a whole number, 0 or more"},
        "Property .order.items[0].quantity should be a whole number, 0 or more",
        "Property .order.items[0].quantity should be a whole number, 0 or more, but was -1.",
        ways=API,
    ),
    Scene(
        Reason.INVALID_ORDER,
        "an item costs so much at the most",
        Attempt(body=order(("tea", 10, MOST // 10 + 1))),
        Attempt(body=order(("tea", 10, MOST // 10))),
        {"property": ".order.items[0].amount", "found": MOST + 10, "expected": f"at most {MOST}"},
        "Property .order.items[0].amount should be at most 1000000000000",
        "Property .order.items[0].amount should be at most 1000000000000, but was 1000000000010.",
    ),
    Scene(
        Reason.INVALID_AMOUNT,
        "it is 0 or more",
        Attempt(body=order(amount=-1)),
        Attempt(body=order(amount=0)),
        {"property": ".order.amount", "found": -1, "expected": "a whole number, 0 or more"},
        "Amount has to be a valid positive number",
        "Property .order.amount should be a whole number, 0 or more, but was -1.",
        ways=API,
    ),
    Scene(
        Reason.INVALID_AMOUNT,
        "it is so much at the most",
        Attempt(body=order(amount=MOST + 1)),
        Attempt(body=order(amount=MOST)),
        {"property": ".order.amount", "found": MOST + 1, "expected": f"at most {MOST}"},
        "Amount has to be a valid positive number",
        "Property .order.amount should be at most 1000000000000, but was 1000000000001.",
    ),
    Scene(
        Reason.INVALID_AMOUNT,
        "the items together cost so much at the most",
        Attempt(body=order(("tea", 1, MOST), ("cup", 1, 1))),
        Attempt(body=order(("tea", 1, MOST - 1), ("cup", 1, 1))),
        {"property": ".order.amount", "found": MOST + 1, "expected": f"at most {MOST}"},
        "Amount has to be a valid positive number",
        "Property .order.amount should be at most 1000000000000, but was 1000000000001.",
    ),
    Scene(
        Reason.MISSING_AMOUNT,
        "a rule looks at it, be it 0",
        Attempt(),
        Attempt(body=order(amount=0)),
        {"needed_by": "rule", **of_rule("order.amount", "$less_than", [5000], None)},
        "Order amount is required",
        "Rule “R” looks at the order's amount, but no order amount was sent.",
        bound_by("order.amount", "less_than", 5000),
    ),
    Scene(
        Reason.MISSING_AMOUNT,
        "a gift card needs it, or the credits",
        Attempt(HELD),
        Attempt(HELD, {"gift": {"credits": 1}}),
        {"needed_by": "gift", "balance": 5000},
        "Order amount is required",
        "A gift card needs the order's amount or the credits to take, and neither was sent.",
    ),
    Scene(
        Reason.MISSING_ORDER_ITEMS,
        "a rule looks at them",
        Attempt(body=order(amount=5000)),
        Attempt(body=order(("tea", 1, 5000))),
        {"needed_by": "rule", **of_rule("product.id", "$is", ["tea"], None)},
        "Order items are required to validate rules",
        "Rule “R” looks at the order's products, but no order items were sent.",
        bound_by("product.id", "is", "tea"),
    ),
    Scene(
        Reason.MISSING_ORDER_ITEMS,
        "the discount is on them",
        Attempt({"discount": {"type": "AMOUNT", "amount_off": 100, "effect": "APPLY_TO_ITEMS"}}, order(amount=5000)),
        Attempt({"discount": {"type": "AMOUNT", "amount_off": 100, "effect": "APPLY_TO_ITEMS"}}, order(("tea", 1, 50))),
        {"needed_by": "discount", "effect": "APPLY_TO_ITEMS"},
        "Order items are required to apply the discount",
        "The discount applies to order items, but no items were sent.",
    ),
    Scene(
        Reason.MISSING_CUSTOMER,
        "a rule asks for their segment",
        Attempt(body=order(amount=5000)),
        Attempt(body={**order(amount=5000), **ANN}),
        {
            "needed_by": "rule",
            **of_rule("customer.segment", "$is", ["seg_1"], None, segment_names={"seg_1": "VIP"}),
        },
        "Customer is required to validate rules",
        "Rule “R” looks at the customer's segments, but no customer was sent.",
        for_members,
    ),
    Scene(
        Reason.CUSTOMER_RULES_VIOLATED,
        "they are in the segment",
        Attempt(body=BOB),
        Attempt(body=ANN),
        of_rule("customer.segment", "$is", ["seg_1"], [], segment_names={"seg_1": "VIP"}),
        VIOLATED,
        "Customer is not in the segment “VIP” of rule “R”.",
        for_members,
    ),
    Scene(
        Reason.CUSTOMER_RULES_VIOLATED,
        "they have points enough",
        Attempt(body={"customer": {"source_id": "ann", "metadata": {"points": 9}}}),
        Attempt(body={"customer": {"source_id": "ann", "metadata": {"points": 10}}}),
        of_rule("customer.metadata", "$more_than_or_equal", [10], 9, property="points"),
        VIOLATED,
        "Rule “R” asks that the customer's metadata “points” is at least 10; it was 9.",
        bound_by("customer.metadata", "more_than_or_equal", 10, property="points"),
        ways=API,
    ),
    Scene(
        Reason.ORDER_RULES_VIOLATED,
        "the very minimum",
        Attempt(body=order(amount=4999)),
        Attempt(body=order(amount=5000)),
        of_rule("order.amount", "$more_than_or_equal", [5000], 4999),
        VIOLATED,
        "Order €49.99 is below the minimum €50.00 of rule “R”.",
        bound_by("order.amount", "more_than_or_equal", 5000),
    ),
    Scene(
        Reason.ORDER_RULES_VIOLATED,
        "the very quantity",
        Attempt(body=order(("tea", 2, 100))),
        Attempt(body=order(("tea", 3, 100))),
        of_rule("order.items.count", "$more_than", [2], 2),
        VIOLATED,
        "Rule “R” asks that the number of items is more than 2; it was 2.",
        bound_by("order.items.count", "more_than", 2),
    ),
    Scene(
        Reason.REDEMPTION_RULES_VIOLATED,
        "the second of two per customer",
        Attempt(body=ANN),
        Attempt(body=ANN),
        of_rule("redemption.count.per_customer", "$less_than_or_equal", [2], 3),
        VIOLATED,
        "Rule “R” allows 2 redemptions per customer; this would be number 3.",
        used_before,
    ),
    Scene(
        Reason.REDEMPTION_RULES_VIOLATED,
        "what the metadata says",
        Attempt(body={"metadata": {"till": "5"}}),
        Attempt(body={"metadata": {"till": "4"}}),
        of_rule("redemption.metadata", "$is", ["4"], "5", property="till"),
        VIOLATED,
        "Rule “R” asks that the redemption's metadata “till” is “4”; it was “5”.",
        bound_by("redemption.metadata", "is", "4", property="till"),
    ),
    Scene(
        Reason.GIFT_AMOUNT_EXCEEDED,
        "the whole balance",
        Attempt(HELD, {"gift": {"credits": 5001}}),
        Attempt(HELD, {"gift": {"credits": 5000}}),
        {"balance": 5000, "asked": 5001, "asked_by": "gift.credits"},
        CODE,
        "€50.01 was asked for, the balance is €50.00.",
    ),
    Scene(
        Reason.GIFT_AMOUNT_EXCEEDED,
        "an order of the whole balance",
        Attempt(HELD, order(amount=5001)),
        Attempt(HELD, order(amount=5000)),
        {"balance": 5000, "asked": 5001, "asked_by": "order.amount"},
        CODE,
        "The order needs €50.01, the balance is €50.00; ask for €50.00 of credits or less.",
    ),
    Scene(
        Reason.GIFT_AMOUNT_EXCEEDED,
        "what a session keeps until it ends",
        Attempt(HELD, {"gift": {"credits": 5000}}),
        Attempt(HELD, {"gift": {"credits": 5000}}),
        {"balance": 5000, "asked": 5000, "asked_by": "gift.credits", "locked_credits": 1},
        CODE,
        "€50.00 was asked for, the balance is €50.00, of which €0.01 is kept by other sessions.",
        kept_by_a_cart(credits=1),
    ),
]
