"""Pure: decides one attempt from known values and says why not; reads no row, writes none, knows no HTTP."""

from redemptions.engine.checks import CHECKS, Refusal
from redemptions.engine.deciding import decide
from redemptions.engine.reasons import EVERY_REASON, FailureReason, Reason, StackReason, reason_of
from redemptions.engine.stacking import all_refused, combined_order, duplicated
from redemptions.engine.values import (
    CampaignFacts,
    Channel,
    CustomerFacts,
    Decision,
    Facts,
    PayloadProblem,
    RedeemRequest,
    RuleFacts,
    Session,
    VoucherFacts,
)
from vouchers.discounts import OrderError, parse_order

__all__ = [
    "CHECKS",
    "EVERY_REASON",
    "CampaignFacts",
    "Channel",
    "CustomerFacts",
    "Decision",
    "Facts",
    "FailureReason",
    "OrderError",
    "PayloadProblem",
    "Reason",
    "RedeemRequest",
    "Refusal",
    "RuleFacts",
    "Session",
    "StackReason",
    "VoucherFacts",
    "all_refused",
    "combined_order",
    "decide",
    "duplicated",
    "parse_order",
    "reason_of",
]
