"""Pure: what several codes on one order come to together; each of them is decided as if it were alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from redemptions.engine.reasons import StackReason
from redemptions.engine.values import Decision

# The sums of one request, as against those of the order's whole life.
APPLIED = ("applied_discount_amount", "items_applied_discount_amount", "total_applied_discount_amount")


def combined_order(decisions: Sequence[Decision]) -> dict[str, Any] | None:
    """Return the order after all accepted decisions; its `applied_…` amounts (cents) are those of all together."""
    orders = [decision.order for decision in decisions if decision.accepted and decision.order is not None]
    if not orders:
        return None
    combined = _with_sums(orders)
    if "items" in combined:
        combined["items"] = [
            # Discounts may add items at the end and never take one out, so a place is the same item throughout.
            _with_sums([order["items"][place] for order in orders if place < len(order.get("items") or ())])
            for place in range(len(combined["items"]))
        ]
    return combined


def _with_sums(states: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the last state with the applied amounts of all of them."""
    last = dict(states[-1])
    for name in APPLIED:
        amounts = [state[name] for state in states if name in state]
        if amounts:
            last[name] = sum(amounts)
    return last


def duplicated(code: str) -> Decision:
    """Return the refusal of a stack that names `code` more than once."""
    reason = StackReason.DUPLICATED_REDEEMABLES
    details = "Duplicated redeemables detected in one redemption"
    return Decision(reason, details, {"check": reason.value, "code": code})


def all_refused(decisions: Mapping[str, Decision]) -> Decision:
    """Return the refusal of a stack none of whose codes could be used; `decisions` are by code, none accepted."""
    reason = StackReason.NO_APPLICABLE_REDEEMABLES
    refused = {code: str(decision.reason) for code, decision in decisions.items()}
    return Decision(reason, "No applicable redeemables", {"check": reason.value, "refused": refused})
