"""Pure: asks the checks in their order and prices the order when none refuses."""

from redemptions.engine.checks import CHECKS
from redemptions.engine.values import Decision, Facts
from vouchers.discounts import GiftCredits, price_order


def decide(facts: Facts) -> Decision:
    """Ask the checks in their order; the first that refuses gives the reason, else the order is priced."""
    for reason, check in CHECKS:
        refusal = check(facts)
        if refusal is not None:
            compared = {"check": reason.value, **refusal.compared}
            return Decision(reason, refusal.details, compared, refusal.error_message)
    return _accept(facts)


def _accept(facts: Facts) -> Decision:
    voucher = facts.voucher
    if voucher is None:
        raise ValueError("check_exists has to refuse an attempt without a voucher.")
    credits = facts.request.gift_credits
    effect = GiftCredits(credits, voucher.gift_effect) if voucher.is_gift else voucher.discount
    if facts.order is None:
        return Decision(gift_amount=credits if voucher.is_gift else None)
    priced = price_order(facts.order, effect, percent_of_discounted=facts.percent_of_discounted)
    taken = priced.total_applied_discount_amount
    gift_amount = None
    if voucher.is_gift:
        # An order of unknown amount sets no bound to the credits that were asked for.
        gift_amount = credits if priced.amount is None else taken
    return Decision(order=priced.to_wire(), discount_amount=taken, gift_amount=gift_amount)
