"""Pure: what goes into a decision and what comes out; must not decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from campaigns.conditions import Item, Outcome, RuleSet, Subject, evaluate
from redemptions.engine.reasons import FailureReason
from vouchers.discounts import Discount, Effect, Order, OrderError, parse_order


@dataclass(frozen=True)
class Channel:
    """Who calls: an API key (its app id) or a dashboard user (their public id)."""

    type: Literal["API", "USER"]
    id: str
    name: str = ""
    user_pk: int | None = None


@dataclass(frozen=True)
class PayloadProblem:
    """What the schema layer found wrong with the request; `details` is Voucherify's sentence."""

    details: str
    property: str | None = None
    found: Any = None
    expected: str | None = None


@dataclass(frozen=True)
class Session:
    """A cart that keeps codes for itself until it redeems them, gives them back or `lifetime` is over."""

    key: str
    lifetime: timedelta = timedelta(days=7)


@dataclass(frozen=True)
class RedeemRequest:
    """One attempt as it was sent. `order` and `customer` are in Voucherify's words; `gift_credits` are cents."""

    code: str
    channel: Channel
    order: Any = None
    customer: Mapping[str, Any] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    gift_credits: int | None = None
    tracking_id: str | None = None
    problem: PayloadProblem | None = None
    request_id: str = ""
    session: Session | None = None
    # An order's id that no order has.
    unknown_order: str = ""


@dataclass(frozen=True)
class VoucherFacts:
    """The voucher at this moment. `quantity` None is unlimited; `gift_balance` (cents) is None for a discount.

    `locked_quantity` uses and `locked_credits` cents are kept for sessions other than the one that asks.
    """

    id: str
    code: str
    active: bool = True
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    quantity: int | None = None
    redeemed_quantity: int = 0
    discount: Discount | None = None
    gift_balance: int | None = None
    gift_effect: Effect = Effect.APPLY_TO_ORDER
    locked_quantity: int = 0
    locked_credits: int = 0

    @property
    def is_gift(self) -> bool:
        """Whether it is a gift card."""
        return self.gift_balance is not None


@dataclass(frozen=True)
class CampaignFacts:
    """The voucher's campaign at this moment."""

    id: str
    name: str
    active: bool = True
    start_date: datetime | None = None
    expiration_date: datetime | None = None


@dataclass(frozen=True)
class CustomerFacts:
    """The customer, with the metadata that this request may bring. `id` is None for one not seen before."""

    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RuleFacts:
    """One validation rule that binds the voucher or its campaign."""

    id: str
    name: str
    ruleset: RuleSet
    error_message: str | None = None
    assigned_to: Literal["voucher", "campaign"] = "voucher"


@dataclass(frozen=True)
class Facts:
    """All that a decision is made of.

    `redemptions_per_customer` holds the customer's earlier, not rolled back successes: of this voucher and of its
    campaign. `segment_names` names the segments that the rules ask for, where they are known. With
    `percent_of_discounted` a percentage is taken of what earlier discounts left, as stacks may want it.
    """

    now: datetime
    request: RedeemRequest
    voucher: VoucherFacts | None = None
    campaign: CampaignFacts | None = None
    customer: CustomerFacts | None = None
    rules: tuple[RuleFacts, ...] = ()
    segment_names: Mapping[str, str] = field(default_factory=dict)
    redemptions_per_customer: Mapping[Literal["voucher", "campaign"], int] = field(default_factory=dict)
    percent_of_discounted: bool = False

    @cached_property
    def order(self) -> Order | None:
        """The order that was sent; raises OrderError, which the checks of the order turn into a reason."""
        if self.request.unknown_order:
            expected = "the id of a known order; send source_id to have one created"
            raise OrderError(".order.id", self.request.unknown_order, expected)
        return None if self.request.order is None else parse_order(self.request.order)

    @cached_property
    def outcomes(self) -> tuple[tuple[RuleFacts, Outcome], ...]:
        """Each rule with what became of it."""
        return tuple(
            (rule, evaluate(rule.ruleset, self._subject(rule), error_message=rule.error_message)) for rule in self.rules
        )

    def _subject(self, rule: RuleFacts) -> Subject:
        order, customer = self.order, self.customer
        items = None
        if order is not None and order.lines is not None:
            items = tuple(
                Item(line.ids, line.sku_ids, line.quantity, line.price, line.amount, line.metadata)
                for line in order.lines
            )
        return Subject(
            amount=order.amount if order else None,
            initial_amount=order.initial_amount if order else None,
            items=items,
            order_metadata=order.metadata if order else {},
            customer=customer is not None,
            segments=customer.segments if customer else frozenset(),
            customer_metadata=customer.metadata if customer else {},
            redemption_metadata=self.request.metadata,
            redemptions_per_customer=self.redemptions_per_customer.get(rule.assigned_to, 0) + 1,
        )


@dataclass(frozen=True)
class Decision:
    """The answer to an attempt: accepted, with the order as priced (amounts in cents), or refused.

    `compared` holds what a refusal compared, as plain JSON, so that a later edit of the voucher changes nothing in it.
    """

    reason: FailureReason | None = None
    details: str = ""
    compared: dict[str, Any] = field(default_factory=dict)
    error_message: str | None = None
    order: dict[str, Any] | None = None
    discount_amount: int = 0
    gift_amount: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether the voucher may be used."""
        return self.reason is None
