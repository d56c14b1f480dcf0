"""The verbs of use for one code: redeem, validate, roll back; and how each attempt is recorded. Not for stacks."""

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from campaigns.actions import upsert_customer
from campaigns.models import Campaign, Customer
from redemptions import engine, facts, orders
from redemptions.engine import Channel, Decision, PayloadProblem, RedeemRequest, RuleFacts
from redemptions.models import Redemption, Result, Rollback, SessionLock, new_redemption_id, new_rollback_id
from voucherify_admin.ids import new_id
from voucherify_admin.webhooks import actions as webhooks
from vouchers.models import GiftTransaction, Origin, Voucher


def redeem(request: RedeemRequest, *, now: datetime | None = None) -> Redemption:
    """Try to use a code and return the attempt as it was recorded, whether it succeeded or failed.

    The voucher's row is locked from the reading of its counters until they are written, so a code with a limit of
    one is used once, however many try at once. Where a rule counts more than this voucher's own uses, the customer's
    or the campaign's row is locked before; always customer, campaign, voucher, so that no two wait for each other.
    """
    now = now or timezone.now()
    with transaction.atomic():
        is_named = orders.is_named(request)
        request, customer = with_customer(orders.known(request), now=now)
        voucher, rules = None, None
        if request.problem is None:
            rules = lock_what_is_counted([request.code], customer)
            voucher = named(request.code, Voucher.objects.locked([request.code]))
        elif request.code:
            # Nothing is spent, so nothing is locked; the attempt still belongs to its voucher.
            voucher = named(request.code, Voucher.objects.by_reference(request.code).select_related("campaign"))
        known = facts.gather(request, voucher=voucher, customer=customer, now=now, rules=rules)
        decision = engine.decide(known)
        redemption = record(request, decision, voucher=voucher, customer=customer, now=now)
        happened = settle(redemption, request, decision, voucher, now=now)
        happened += orders.keep(redemption, is_named=is_named, now=now)
        webhooks.tell_each(happened, source=source_of(request), now=now)
    return redemption


def validate(request: RedeemRequest, *, now: datetime | None = None) -> Decision:
    """Return what `redeem` would decide at this moment; locks nothing and writes nothing.

    With one exception: a request with a session keeps the use for it, under the voucher's lock, when it is accepted.
    """
    now = now or timezone.now()
    request, customer = with_known_customer(orders.known(request))
    with transaction.atomic() if request.session else nullcontext():
        vouchers = Voucher.objects.by_reference(request.code).select_related("campaign")
        voucher = named(request.code, Voucher.objects.locked([request.code]) if request.session else vouchers)
        decision = engine.decide(facts.gather(request, voucher=voucher, customer=customer, now=now))
        keep(request, decision, voucher, now=now)
    return decision


def settle(
    redemption: Redemption, request: RedeemRequest, decision: Decision, voucher: Voucher | None, *, now: datetime
) -> list[webhooks.Happening]:
    """Do what follows from an attempt on record: take from the voucher, if there is one; its row is locked.

    What the request's session had kept of it is redeemed thereby. Returns what webhooks are to be told of.
    """
    moved = None
    if decision.accepted and voucher is not None:
        origin = _origin(request.channel, at=now, redemption_id=redemption.public_id)
        moved = voucher.spend(credits=decision.gift_amount or 0, origin=origin)
        redemption.voucher = voucher
        if request.session:
            SessionLock.objects.filter(voucher=voucher, session_key=request.session.key).delete()
    return _happened(f"redemption.{redemption.status.lower()}", redemption, redemption, moved=moved)


def _happened(
    event: str, row: Redemption | Rollback, redemption: Redemption, *, moved: GiftTransaction | None = None
) -> list[webhooks.Happening]:
    """The attempt or rollback, the customer's part in it, and the credits that it moved, for webhooks."""
    happened: list[webhooks.Happening] = [(event, row)]
    if redemption.customer_id is not None:
        happened.append((f"customer.{event}", row))
    if moved is not None:
        happened.append(("voucher.gift.transaction.created", moved))
    return happened


def keep(request: RedeemRequest, decision: Decision, voucher: Voucher | None, *, now: datetime) -> None:
    """Keep for the request's session, if it has one, what was decided. The voucher's row must be locked then."""
    session = request.session
    if session is not None and decision.accepted and voucher is not None:
        SessionLock.objects.keep(
            voucher,
            session_key=session.key,
            credits=decision.gift_amount or 0,
            expires_at=now + session.lifetime,
            now=now,
        )


def release(code: str, session_key: str, *, now: datetime | None = None) -> bool:
    """Let go of what a session keeps of the voucher; whether there was something. Raises Voucher.DoesNotExist."""
    with transaction.atomic():
        voucher = named(code, Voucher.objects.locked([code]))
        if voucher is None:
            raise Voucher.DoesNotExist(code)
        return SessionLock.objects.release(voucher, session_key=session_key, now=now or timezone.now())


def reconsider(redemption: Redemption, *, now: datetime | None = None) -> Decision:
    """Return what the same attempt would come to at this moment, by today's voucher, rules and customer.

    The order, metadata and credits are those that were sent then. Locks nothing and writes nothing.
    """
    snapshot = redemption.customer_snapshot or {}
    customer = None
    if redemption.customer_id:
        customer = {"id": redemption.customer.public_id}
    elif snapshot:
        # The customer is gone; what is known of them is what the attempt kept.
        customer = {"source_id": snapshot.get("source_id"), "metadata": snapshot.get("metadata")}
    told = redemption.facts
    problem = None
    if redemption.failure_code == engine.Reason.INVALID_PAYLOAD:
        # A request that could not be read then cannot be read today.
        problem = PayloadProblem(
            details=told.get("details") or "",
            property=told.get("property"),
            found=told.get("found"),
            expected=told.get("expected"),
        )
    request = RedeemRequest(
        code=redemption.code,
        channel=Channel(redemption.channel_type, redemption.channel_id, redemption.channel_name, redemption.user_id),
        order=redemption.order,
        customer=customer,
        metadata=redemption.metadata,
        gift_credits=told.get("gift_credits"),
        tracking_id=redemption.tracking_id,
        problem=problem,
    )
    return validate(request, now=now)


def named(reference: str, vouchers: Iterable[Voucher]) -> Voucher | None:
    """Return the voucher of this code; a code that happens to look like another voucher's id comes first."""
    found = list(vouchers)
    return next((one for one in found if one.code == reference), found[0] if found else None)


def lock_what_is_counted(references: Sequence[str], customer: Customer | None) -> dict[str, list[RuleFacts]]:
    """Return the rules that bind these codes, with the rows locked that hold their counts still.

    The customer's row and then the campaigns', in the order of their keys, are locked only where a rule counts over
    several vouchers, so that the codes of a campaign do not wait for each other without need.
    """
    rules = facts.read_rules(references)
    beyond = {object_id: facts.counts_beyond_voucher(bound) for object_id, bound in rules.items()}
    campaign_wide = [object_id for object_id, (counts_campaign, _) in beyond.items() if counts_campaign]
    # Without their keys, so that an attempt of another voucher, which only refers to these rows, need not wait.
    if customer is not None and any(counts_customer for _, counts_customer in beyond.values()):
        list(Customer.objects.filter(pk=customer.pk).select_for_update(no_key=True).values_list("pk"))
    if campaign_wide:
        counting = Q(public_id__in=campaign_wide) | Q(campaign__public_id__in=campaign_wide)
        vouchers = Voucher.objects.named(list(references)).filter(counting)
        rows = Campaign.objects.filter(pk__in=vouchers.values("campaign")).order_by("pk")
        list(rows.select_for_update(no_key=True).values_list("pk"))
    return rules


def _unknown_customer(reference: str) -> PayloadProblem:
    return PayloadProblem(
        details=f"Cannot find customer with id {reference}",
        property=".customer.id",
        found=reference,
        expected="the id of a known customer; send source_id to have one created",
    )


def with_known_customer(request: RedeemRequest) -> tuple[RedeemRequest, Customer | None]:
    """Return the request and its customer, if known; an id that nobody has becomes the request's problem."""
    if not request.customer or request.problem is not None:
        return request, None
    reference = request.customer.get("id") or request.customer.get("source_id")
    customer = Customer.objects.by_reference(reference).first() if reference else None
    if customer is None and request.customer.get("id"):
        return replace(request, problem=_unknown_customer(request.customer["id"])), None
    return request, customer


def with_customer(request: RedeemRequest, *, now: datetime) -> tuple[RedeemRequest, Customer | None]:
    """The same, but the customer is created or updated with what the request says of them."""
    if not request.customer or request.problem is not None:
        return request, None
    customer, _ = upsert_customer(dict(request.customer), source=source_of(request), now=now)
    if customer is None and request.customer.get("id"):
        return replace(request, problem=_unknown_customer(request.customer["id"])), None
    return request, customer


def record(
    request: RedeemRequest,
    decision: Decision,
    *,
    voucher: Voucher | None,
    customer: Customer | None,
    now: datetime,
    public_id: str = "",
    parent: Redemption | None = None,
    more_facts: dict[str, Any] | None = None,
) -> Redemption:
    """Write an attempt as it was decided, of a stack its parent or a child."""
    result = Result.SUCCESS if decision.accepted else Result.FAILURE
    public_id = public_id or new_redemption_id(result, now)
    campaign = voucher.campaign if voucher else None
    order = request.order if isinstance(request.order, dict) else None
    if decision.order is not None:
        status = order.get("status") if order else None
        # An id that was sent is a known order's; the Python SDK sends null for none.
        known_id = (order or {}).get("id")
        order_id = known_id if known_id and isinstance(known_id, str) else new_id("ord_", now)
        order = {**decision.order, "id": order_id, "status": status or "PAID"}
    amount = decision.order.get("amount") if decision.order else _amount(order)
    return Redemption.objects.create(
        public_id=public_id,
        created_at=now,
        result=result,
        status=Redemption.Status.SUCCEEDED if decision.accepted else Redemption.Status.FAILED,
        failure_code=decision.reason.value if decision.reason else "",
        failure_message=decision.reason.message if decision.reason else "",
        facts={**_facts_to_keep(request, decision), **(more_facts or {})},
        error_message=decision.error_message or "",
        code=(voucher.code if voucher else request.code)[:200],
        voucher=voucher,
        voucher_public_id=voucher.public_id if voucher else "",
        campaign=campaign,
        campaign_name=campaign.name if campaign else "",
        customer=customer,
        customer_name=customer.name if customer else "",
        customer_source_id=(customer.source_id or "") if customer else "",
        customer_snapshot=_snapshot(customer) if customer else None,
        amount=amount,
        discount_amount=decision.discount_amount if decision.accepted else None,
        gift_amount=decision.gift_amount,
        order=order,
        metadata=dict(request.metadata),
        tracking_id=request.tracking_id,
        **_channel_columns(request.channel),
        request_id=request.request_id,
        session_key=request.session.key if request.session else "",
        parent=parent,
    )


def _facts_to_keep(request: RedeemRequest, decision: Decision) -> dict[str, Any]:
    if decision.accepted:
        return decision.compared
    kept = {**decision.compared, "details": decision.details}
    # Part of what was asked that no other column holds; without it the attempt could not be thought through again.
    return kept | {"gift_credits": request.gift_credits} if request.gift_credits is not None else kept


def source_of(request: "RedeemRequest | RollbackRequest") -> webhooks.Source:
    """Who asked for it, and in which request, as webhooks are told."""
    channel = request.channel
    return webhooks.Source(channel.type, channel.id, channel.name, request.request_id)


def _channel_columns(channel: Channel) -> dict[str, Any]:
    return {
        "channel_type": channel.type,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": channel.user_pk,
    }


def _origin(channel: Channel, **said: Any) -> Origin:
    """Return where a change of a gift card's balance comes from."""
    return Origin(channel_type=channel.type, channel_id=channel.id, channel_name=channel.name, **said)


def _amount(order: dict | None) -> int | None:
    """Return the order's amount as it was sent, if it was sent right; a failure keeps it for the lists."""
    try:
        return engine.parse_order(order).amount if order is not None else None
    except engine.OrderError:
        return None


def _snapshot(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.public_id,
        "source_id": customer.source_id,
        "name": customer.name or None,
        "email": customer.email or None,
        "phone": customer.phone or None,
        "metadata": customer.metadata,
        "object": "customer",
    }


@dataclass(frozen=True)
class RollbackRequest:
    """What was asked: to undo the redemption with this public id, for this reason."""

    redemption_id: str
    channel: Channel
    reason: str = ""
    tracking_id: str | None = None
    metadata: dict[str, Any] | None = None
    customer: dict[str, Any] | None = field(default=None)
    order: dict[str, Any] | None = None
    request_id: str = ""


@dataclass(frozen=True)
class RollbackRefusal:
    """Why a redemption cannot be rolled back, in Voucherify's words."""

    key: str
    message: str
    details: str


ALREADY = RollbackRefusal("already_rolled_back", "Already rolled back", "Redemption has been already rolled back.")
STACKED = RollbackRefusal(
    "invalid_redemption",
    "Invalid redemption",
    "You can rollback only a single redemption. Use different endpoint for stacked redemption.",
)


def roll_back(request: RollbackRequest, *, now: datetime | None = None) -> Rollback:
    """Undo a redemption: the use is given back, credits return to the balance. Returns the rollback as recorded.

    A refusal is recorded too and says why in `failure_code`. The redemption's row and then its voucher's are locked,
    so of two at once one succeeds. Raises Redemption.DoesNotExist for an id that no redemption has.
    """
    now = now or timezone.now()
    with transaction.atomic():
        redemption = (
            Redemption.objects.select_for_update(of=("self",))
            .select_related("customer")
            .get(public_id=request.redemption_id)
        )
        voucher = Voucher.objects.filter(pk=redemption.voucher_id).select_for_update().first()
        refusal = refusal_of(redemption, request, now=now)
        if refusal is None and redemption.stacked:
            refusal = STACKED
        if refusal is not None:
            return record_rollback(request, redemption, refusal=refusal, now=now)
        return undo(request, redemption, voucher, now=now)


def undo(
    request: RollbackRequest, redemption: Redemption, voucher: Voucher | None, *, now: datetime, public_id: str = ""
) -> Rollback:
    """Give back what a redemption took and record it. Both rows must be locked."""
    rollback = record_rollback(
        request, redemption, effects=effects_of(redemption, voucher), now=now, public_id=public_id
    )
    moved = None
    if voucher is not None:
        origin = _origin(
            request.channel,
            at=now,
            redemption_id=redemption.public_id,
            rollback_id=rollback.public_id,
            reason=request.reason,
        )
        moved = voucher.give_back(credits=redemption.gift_amount or 0, origin=origin)
    redemption.status = Redemption.Status.ROLLED_BACK
    fields = ["status"]
    if request.metadata:
        # Voucherify: a rollback's metadata updates the redemption's.
        redemption.metadata = {**redemption.metadata, **request.metadata}
        fields.append("metadata")
    redemption.save(update_fields=fields)
    canceled = orders.cancel(redemption, rollback, now=now)
    redemption.voucher = voucher
    rollback.redemption = redemption
    happened = _happened("redemption.rollback.succeeded", rollback, redemption, moved=moved)
    webhooks.tell_each(happened + canceled, source=source_of(request), now=now)
    return rollback


def preview_rollback(redemption: Redemption, *, now: datetime | None = None) -> dict[str, Any]:
    """Return what a rollback would do: `refusal` (None, or key, message and details) and `effects` (before, after).

    Of a parent, `children` holds each redemption that would be rolled back with it, with its own effects.
    """
    request = RollbackRequest(redemption_id=redemption.public_id, channel=Channel("USER", ""))
    refusal = refusal_of(redemption, request, now=now or timezone.now())
    if refusal is not None:
        refused = {"key": refusal.key, "message": refusal.message, "details": refusal.details}
        return {"refusal": refused, "effects": {}}
    if redemption.stacked:
        rows = redemption.children.filter(status=Redemption.Status.SUCCEEDED).select_related("voucher").order_by("pk")
        return {"refusal": None, "effects": {}, "children": [(row, effects_of(row, row.voucher)) for row in rows]}
    voucher = Voucher.objects.filter(pk=redemption.voucher_id).first()
    return {"refusal": None, "effects": effects_of(redemption, voucher)}


def refusal_of(redemption: Redemption, request: RollbackRequest, *, now: datetime) -> RollbackRefusal | None:
    """Return why a redemption, single or parent, cannot be rolled back by this request; None when it can."""
    if redemption.status == Redemption.Status.ROLLED_BACK:
        return ALREADY
    if redemption.result == Result.FAILURE:
        return RollbackRefusal("invalid_redemption", "Invalid redemption", "You can rollback only a success.")
    if redemption.parent_id is not None:
        details = "You can rollback only a redemption that does not have parent redemption."
        return RollbackRefusal("invalid_redemption_parent", "Invalid redemption parent", details)
    limit = settings.ROLLBACK_MAX_AGE_DAYS
    if limit and now - redemption.created_at > timedelta(days=limit):
        details = f"You can rollback only redemptions that are not older than {limit} days."
        return RollbackRefusal("invalid_redemption", "Invalid redemption", details)
    if request.customer:
        asked = request.customer.get("id") or request.customer.get("source_id")
        known = {redemption.customer_source_id, (redemption.customer_snapshot or {}).get("id")}
        if asked and asked not in known:
            return RollbackRefusal("invalid_customer", "Invalid customer", "Customer is not related with redemption.")
    if request.order:
        asked = request.order.get("id") or request.order.get("source_id")
        known = {(redemption.order or {}).get("id"), (redemption.order or {}).get("source_id")}
        if asked and asked not in known:
            return RollbackRefusal("invalid_order", "Invalid order", "Order is not related with redemption.")
    return None


def effects_of(redemption: Redemption, voucher: Voucher | None) -> dict[str, list[int]]:
    """Return what a rollback changes of the voucher, before and after."""
    if voucher is None:
        return {}
    effects = {"redeemed_quantity": [voucher.redeemed_quantity, voucher.redeemed_quantity - 1]}
    if redemption.gift_amount:
        effects["gift_balance"] = [voucher.gift_balance, voucher.gift_balance + redemption.gift_amount]
    return effects


def record_rollback(
    request: RollbackRequest,
    redemption: Redemption,
    *,
    now: datetime,
    refusal: RollbackRefusal | None = None,
    effects: dict | None = None,
    public_id: str = "",
) -> Rollback:
    """Write a rollback, done or refused."""
    result = Result.FAILURE if refusal else Result.SUCCESS
    rollback = Rollback.objects.create(
        public_id=public_id or new_rollback_id(result, now),
        created_at=now,
        redemption=redemption,
        result=result,
        failure_code=refusal.key if refusal else "",
        failure_message=refusal.message if refusal else "",
        reason=request.reason,
        gift_amount=redemption.gift_amount if not refusal else None,
        effects=effects or {"details": refusal.details if refusal else ""},
        metadata=request.metadata or {},
        tracking_id=request.tracking_id,
        **_channel_columns(request.channel),
        request_id=request.request_id,
    )
    if refusal:
        happened = _happened("redemption.rollback.failed", rollback, redemption)
        webhooks.tell_each(happened, source=source_of(request), now=now)
    return rollback
