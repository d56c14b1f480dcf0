"""Pure: what goes into a decision and what comes out; must not decide."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, Literal

from campaigns.conditions import (
    ApplicableTo,
    Item,
    Outcome,
    RuleSet,
    Subject,
    Tally,
    discounted_items,
    evaluate,
    restricts_discount,
)
from campaigns.validity import ALWAYS, Schedule, Validity
from redemptions.engine.reasons import FailureReason
from vouchers.discounts import (
    Cap,
    Discount,
    DiscountedOrder,
    Effect,
    GiftCredits,
    Order,
    OrderError,
    UnitsOff,
    parse_order,
    price_order,
)


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
    validity: Validity = ALWAYS
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

    @property
    def schedule(self) -> Schedule:
        """When it is open, besides its dates."""
        return Schedule(self.validity, self.start_date)


@dataclass(frozen=True)
class CampaignFacts:
    """The voucher's campaign at this moment."""

    id: str
    name: str
    active: bool = True
    start_date: datetime | None = None
    expiration_date: datetime | None = None
    validity: Validity = ALWAYS

    @property
    def schedule(self) -> Schedule:
        """When it is open, besides its dates."""
        return Schedule(self.validity, self.start_date)


@dataclass(frozen=True)
class CustomerFacts:
    """The customer, with the metadata that this request may bring. `id` is None for one not seen before.

    `fields` are those that rules may ask for: name, email, source_id, city, country, created_at (ISO 8601), and of
    earlier orders orders_count and orders_amount (cents).
    """

    id: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    segments: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RuleFacts:
    """One validation rule that binds the voucher or its campaign."""

    id: str
    name: str
    ruleset: RuleSet
    error_message: str | None = None
    assigned_to: Literal["voucher", "campaign"] = "voucher"
    applicable_to: ApplicableTo = field(default_factory=ApplicableTo)

    @property
    def restricts_discount(self) -> bool:
        """Whether it keeps the discount from some of the order's items."""
        return restricts_discount(self.ruleset, self.applicable_to)


@dataclass(frozen=True)
class Facts:
    """All that a decision is made of.

    `tallies` count the earlier, not rolled back successes, of this voucher or of its campaign, as the rules ask;
    of customers they count the others. `segment_names` names the segments that the rules ask for, where they are
    known. With `percent_of_discounted` a percentage is taken of what earlier discounts left, as stacks may want it.
    `zone` is the project's time zone, in which hours are meant and days, weeks and months begin.
    """

    now: datetime
    request: RedeemRequest
    voucher: VoucherFacts | None = None
    campaign: CampaignFacts | None = None
    customer: CustomerFacts | None = None
    rules: tuple[RuleFacts, ...] = ()
    segment_names: Mapping[str, str] = field(default_factory=dict)
    tallies: Mapping[Tally, int] = field(default_factory=dict)
    percent_of_discounted: bool = False
    zone: tzinfo = UTC

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

    @cached_property
    def items(self) -> tuple[Item, ...] | None:
        """The order's items as rules see them; None when none were sent."""
        order = self.order
        if order is None or order.lines is None:
            return None
        return tuple(
            Item(
                product_ids=line.ids,
                sku_ids=line.sku_ids,
                quantity=line.quantity,
                price=line.price,
                amount=line.amount,
                metadata=line.metadata,
                product_metadata=_product_metadata(line.wire),
                index=index,
            )
            for index, line in enumerate(order.lines)
        )

    @cached_property
    def applicable(self) -> frozenset[int] | None:
        """Places of the items that the discount applies to; None when no rule restricts it. All rules have to agree."""
        restricting = [rule for rule in self.rules if rule.restricts_discount]
        if not restricting:
            return None
        items = self.items or ()
        allowed = frozenset(item.index for item in items)
        for rule in restricting:
            allowed &= discounted_items(rule.ruleset, rule.applicable_to, items)
        return allowed

    @cached_property
    def caps(self) -> tuple[Cap, ...]:
        """What the rules allow to be taken off the products that they list."""
        return tuple(Cap(*limit) for rule in self.rules for limit in rule.applicable_to.limits(self.items or ()))

    @cached_property
    def offer(self) -> Discount | GiftCredits | None:
        """What the voucher gives; where rules list products and no effect was named, it is taken off those items."""
        voucher = self.voucher
        if voucher is None:
            return None
        offer: Discount | GiftCredits | None = voucher.discount
        if voucher.is_gift:
            offer = GiftCredits(self.request.gift_credits, voucher.gift_effect)
        restricted = any(rule.restricts_discount for rule in self.rules)
        if restricted and offer is not None and not isinstance(offer, UnitsOff) and offer.follows_products:
            return replace(offer, effect=Effect.APPLY_TO_ITEMS)
        return offer

    @cached_property
    def priced(self) -> DiscountedOrder | None:
        """The order after the discount; None without an order."""
        if self.order is None:
            return None
        return price_order(
            self.order,
            self.offer,
            applicable=self.applicable,
            percent_of_discounted=self.percent_of_discounted,
            caps=self.caps,
        )

    @property
    def gift_amount(self) -> int | None:
        """The credits (cents) that are taken from a gift card; None for a discount."""
        if self.voucher is None or not self.voucher.is_gift:
            return None
        # An order of unknown amount sets no bound to the credits that were asked for.
        if self.priced is None or self.priced.amount is None:
            return self.request.gift_credits
        return self.priced.total_applied_discount_amount

    def tally_asked(self, tally: Tally, rule: RuleFacts) -> Tally:
        """The tally as it is counted: a voucher without a campaign is counted by itself."""
        of = rule.assigned_to if tally.of == "assigned" else tally.of
        return replace(tally, of="voucher" if of == "campaign" and self.campaign is None else of)

    def _tally(self, tally: Tally, rule: RuleFacts) -> int:
        """So many with this attempt."""
        channel, order = self.request.channel, self.order
        earlier = self.tallies.get(self.tally_asked(tally, rule), 0)
        if tally.what == "amount":
            return earlier + ((order.amount or 0) if order is not None else 0)
        if tally.what == "discount":
            return earlier + (self.priced.total_applied_discount_amount if self.priced is not None else 0)
        # What neither key nor user did is not counted for one.
        other_way = (tally.per == "key" and channel.type != "API") or (tally.per == "user" and channel.type != "USER")
        return 0 if other_way else earlier + 1

    def _subject(self, rule: RuleFacts) -> Subject:
        order, customer, channel = self.order, self.customer, self.request.channel
        asked = {clause.rule.tally for clause in rule.ruleset.every_clause() if clause.rule.tally is not None}
        return Subject(
            amount=order.amount if order else None,
            initial_amount=order.initial_amount if order else None,
            total_amount=self.priced.total_amount if self.priced is not None else None,
            items=self.items,
            order_metadata=order.metadata if order else {},
            customer=customer is not None,
            segments=customer.segments if customer else frozenset(),
            customer_metadata=customer.metadata if customer else {},
            customer_fields=customer.fields if customer else {},
            redemption_metadata=self.request.metadata,
            gift_amount=self.gift_amount,
            api_key=channel.id if channel.type == "API" else None,
            user_login=channel.name if channel.type == "USER" else None,
            tallies={tally: self._tally(tally, rule) for tally in asked},
            now=self.now,
            tz=self.zone,
        )


def _product_metadata(wire: Mapping[str, Any]) -> Mapping[str, Any]:
    product = wire.get("product")
    metadata = product.get("metadata") if isinstance(product, Mapping) else None
    return metadata if isinstance(metadata, Mapping) else {}


@dataclass(frozen=True)
class Decision:
    """The answer to an attempt: accepted, with the order as priced (amounts in cents), or refused.

    `compared` holds what was compared, as plain JSON, so that a later edit of the voucher changes nothing in it; of an
    accepted attempt `rules_met` are the rules that it met.
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
