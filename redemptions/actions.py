"""The verbs of use: redeem, validate, roll back. Each owns its transaction; API and pages call the same ones."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from campaigns.actions import upsert_customer
from campaigns.models import Campaign, Customer
from redemptions import engine, facts
from redemptions.engine import Channel, Decision, PayloadProblem, RedeemRequest, RuleFacts
from redemptions.models import Redemption, Result, Rollback, new_redemption_id, new_rollback_id
from voucherify_admin.ids import new_id
from vouchers.models import Origin, Voucher


def redeem(request: RedeemRequest, *, now: datetime | None = None) -> Redemption:
    """Try to use a code and return the attempt as it was recorded, whether it succeeded or failed.

    The voucher's row is locked from the reading of its counters until they are written, so a code with a limit of
    one is used once, however many try at once. Where a rule counts more than this voucher's own uses, the customer's
    or the campaign's row is locked before; always customer, campaign, voucher, so that no two wait for each other.
    """
    now = now or timezone.now()
    with transaction.atomic():
        request, customer = _with_customer(request, now=now)
        voucher, rules = None, None
        if request.problem is None:
            rules = _lock_what_is_counted(request.code, customer)
            voucher = _named(request.code, Voucher.objects.locked([request.code]))
        elif request.code:
            # Nothing is spent, so nothing is locked; the attempt still belongs to its voucher.
            voucher = _named(request.code, Voucher.objects.by_reference(request.code).select_related("campaign"))
        known = facts.gather(request, voucher=voucher, customer=customer, now=now, rules=rules)
        decision = engine.decide(known)
        redemption = _record(request, decision, voucher=voucher, customer=customer, now=now)
        if decision.accepted and voucher:
            voucher.spend(
                credits=decision.gift_amount or 0,
                origin=_origin(request.channel, at=now, redemption_id=redemption.public_id),
            )
            redemption.voucher = voucher
    return redemption


def validate(request: RedeemRequest, *, now: datetime | None = None) -> Decision:
    """Return what `redeem` would decide at this moment; locks nothing and writes nothing."""
    now = now or timezone.now()
    customer = None
    if request.customer and request.problem is None:
        reference = request.customer.get("id") or request.customer.get("source_id")
        customer = Customer.objects.by_reference(reference).first() if reference else None
        if customer is None and request.customer.get("id"):
            request = replace(request, problem=_unknown_customer(request.customer["id"]))
    voucher = _named(request.code, Voucher.objects.by_reference(request.code).select_related("campaign"))
    return engine.decide(facts.gather(request, voucher=voucher, customer=customer, now=now))


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


def _named(reference: str, vouchers) -> Voucher | None:
    """Return the voucher of this code; a code that happens to look like another voucher's id comes first."""
    found = list(vouchers)
    return next((one for one in found if one.code == reference), found[0] if found else None)


def _lock_what_is_counted(reference: str, customer: Customer | None) -> list[RuleFacts] | None:
    """Return the rules that bind the code, with the rows locked that hold their counts still; None for no such code.

    The campaign's and the customer's rows are locked only where a rule counts over several vouchers, so that the codes
    of a campaign do not wait for each other without need.
    """
    voucher = _named(reference, Voucher.objects.by_reference(reference).select_related("campaign"))
    if voucher is None:
        return None
    rules = facts.rules_of(voucher, voucher.campaign)
    campaign_wide, customer_wide = facts.counts_beyond_voucher(rules)
    # Without their keys, so that an attempt of another voucher, which only refers to these rows, need not wait.
    if customer_wide and customer is not None:
        list(Customer.objects.filter(pk=customer.pk).select_for_update(no_key=True).values_list("pk"))
    if campaign_wide and voucher.campaign_id is not None:
        list(Campaign.objects.filter(pk=voucher.campaign_id).select_for_update(no_key=True).values_list("pk"))
    return rules


def _unknown_customer(reference: str) -> PayloadProblem:
    return PayloadProblem(
        details=f"Cannot find customer with id {reference}",
        property=".customer.id",
        found=reference,
        expected="the id of a known customer; send source_id to have one created",
    )


def _with_customer(request: RedeemRequest, *, now: datetime) -> tuple[RedeemRequest, Customer | None]:
    if not request.customer or request.problem is not None:
        return request, None
    customer, _ = upsert_customer(dict(request.customer), now=now)
    if customer is None and request.customer.get("id"):
        return replace(request, problem=_unknown_customer(request.customer["id"])), None
    return request, customer


def _record(
    request: RedeemRequest, decision: Decision, *, voucher: Voucher | None, customer: Customer | None, now: datetime
) -> Redemption:
    result = Result.SUCCESS if decision.accepted else Result.FAILURE
    public_id = new_redemption_id(result, now)
    campaign = voucher.campaign if voucher else None
    order = request.order if isinstance(request.order, dict) else None
    if decision.order is not None:
        status = order.get("status") if order else None
        order = {"id": (order or {}).get("id") or new_id("ord_", now), **decision.order, "status": status or "PAID"}
    amount = decision.order.get("amount") if decision.order else _amount(order)
    return Redemption.objects.create(
        public_id=public_id,
        created_at=now,
        result=result,
        status=Redemption.Status.SUCCEEDED if decision.accepted else Redemption.Status.FAILED,
        failure_code=decision.reason.value if decision.reason else "",
        failure_message=decision.reason.message if decision.reason else "",
        facts=_facts_to_keep(request, decision),
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
    )


def _facts_to_keep(request: RedeemRequest, decision: Decision) -> dict[str, Any]:
    if decision.accepted:
        return decision.compared
    kept = {**decision.compared, "details": decision.details}
    # Part of what was asked that no other column holds; without it the attempt could not be thought through again.
    return kept | {"gift_credits": request.gift_credits} if request.gift_credits is not None else kept


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
        refusal = _refusal(redemption, request, now=now)
        if refusal is not None:
            return _record_rollback(request, redemption, refusal=refusal, now=now)
        effects = _effects(redemption, voucher)
        rollback = _record_rollback(request, redemption, effects=effects, now=now)
        if voucher is not None:
            voucher.give_back(
                credits=redemption.gift_amount or 0,
                origin=_origin(
                    request.channel,
                    at=now,
                    redemption_id=redemption.public_id,
                    rollback_id=rollback.public_id,
                    reason=request.reason,
                ),
            )
        redemption.status = Redemption.Status.ROLLED_BACK
        fields = ["status"]
        if request.metadata:
            # Voucherify: a rollback's metadata updates the redemption's.
            redemption.metadata = {**redemption.metadata, **request.metadata}
            fields.append("metadata")
        redemption.save(update_fields=fields)
    redemption.voucher = voucher
    rollback.redemption = redemption
    return rollback


def preview_rollback(redemption: Redemption, *, now: datetime | None = None) -> dict[str, Any]:
    """Return what `roll_back` would do: `refusal` (None, or key, message and details) and `effects` (before, after)."""
    request = RollbackRequest(redemption_id=redemption.public_id, channel=Channel("USER", ""))
    refusal = _refusal(redemption, request, now=now or timezone.now())
    if refusal is not None:
        refused = {"key": refusal.key, "message": refusal.message, "details": refusal.details}
        return {"refusal": refused, "effects": {}}
    voucher = Voucher.objects.filter(pk=redemption.voucher_id).first()
    return {"refusal": None, "effects": _effects(redemption, voucher)}


def _refusal(redemption: Redemption, request: RollbackRequest, *, now: datetime) -> RollbackRefusal | None:
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


def _effects(redemption: Redemption, voucher: Voucher | None) -> dict[str, list[int]]:
    if voucher is None:
        return {}
    effects = {"redeemed_quantity": [voucher.redeemed_quantity, voucher.redeemed_quantity - 1]}
    if redemption.gift_amount:
        effects["gift_balance"] = [voucher.gift_balance, voucher.gift_balance + redemption.gift_amount]
    return effects


def _record_rollback(
    request: RollbackRequest,
    redemption: Redemption,
    *,
    now: datetime,
    refusal: RollbackRefusal | None = None,
    effects: dict | None = None,
) -> Rollback:
    result = Result.FAILURE if refusal else Result.SUCCESS
    return Rollback.objects.create(
        public_id=new_rollback_id(result, now),
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
