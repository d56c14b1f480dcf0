"""Pure: decides one attempt from known values and says why not; reads no row, writes none, knows no HTTP."""

from redemptions.engine.checks import CHECKS, Refusal
from redemptions.engine.deciding import decide
from redemptions.engine.reasons import Reason
from redemptions.engine.values import (
    CampaignFacts,
    Channel,
    CustomerFacts,
    Decision,
    Facts,
    PayloadProblem,
    RedeemRequest,
    RuleFacts,
    VoucherFacts,
)
from vouchers.discounts import OrderError, parse_order

__all__ = [
    "CHECKS",
    "CampaignFacts",
    "Channel",
    "CustomerFacts",
    "Decision",
    "Facts",
    "OrderError",
    "PayloadProblem",
    "Reason",
    "RedeemRequest",
    "Refusal",
    "RuleFacts",
    "VoucherFacts",
    "decide",
    "parse_order",
]
