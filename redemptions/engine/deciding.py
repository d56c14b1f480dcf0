"""Pure: asks the checks in their order and prices the order when none refuses."""

from redemptions.engine.checks import CHECKS, rules_met
from redemptions.engine.values import Decision, Facts


def decide(facts: Facts) -> Decision:
    """Ask the checks in their order; the first that refuses gives the reason, else the order is priced."""
    for reason, check in CHECKS:
        refusal = check(facts)
        if refusal is not None:
            compared = {"check": reason.value, **refusal.compared}
            return Decision(reason, refusal.details, compared, refusal.error_message)
    return _accept(facts)


def _accept(facts: Facts) -> Decision:
    if facts.voucher is None:
        raise ValueError("check_exists has to refuse an attempt without a voucher.")
    met, priced = rules_met(facts), facts.priced
    if priced is None:
        return Decision(compared=met, gift_amount=facts.gift_amount)
    return Decision(
        compared=met,
        order=priced.to_wire(),
        discount_amount=priced.total_applied_discount_amount,
        gift_amount=facts.gift_amount,
    )
