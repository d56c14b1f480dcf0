"""The till: validates or redeems one code by hand; a second press of the button shows the first one's outcome."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.generic import TemplateView

from redemptions import actions, sentences
from redemptions.engine import Decision, RedeemRequest
from redemptions.forms import BaseItemFormSet, ItemFormSet, RedeemForm
from redemptions.models import Redemption, Result
from redemptions.views.channel import channel_of
from voucherify_admin.api.models import new_request_id
from voucherify_admin.pages import show
from voucherify_admin.pages.views import StaffMixin
from vouchers.models import Voucher
from vouchers.words import value_in_words

SALT = "redemptions.redeem"


@dataclass(frozen=True)
class Outcome:
    """What one press of a button came to, for the page; `wire` and `status` are the same for the log."""

    accepted: bool
    title: str
    code: str
    sentence: str = ""
    line_for_customer: str = ""
    amounts: list[tuple[str, str]] = field(default_factory=list)
    attempt: Redemption | None = None
    wire: dict[str, Any] = field(default_factory=dict)
    status: int = 200


class RedeemView(StaffMixin, TemplateView):
    """One code: what would happen ("Validate"), or that it happens ("Redeem")."""

    permission_required = "redemptions.redeem"
    template_name = "redemptions/redeem.html"
    title = "Redeem a voucher"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        done = request.GET.get("done", "").replace("\x00", "")
        attempt = Redemption.objects.filter(public_id=done, user=request.user).first() if done else None
        form = RedeemForm(initial={"code": request.GET.get("code", "")})
        return self.show(form, ItemFormSet(prefix="items"), outcome=of_attempt(attempt) if attempt else None)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, items = RedeemForm(request.POST), ItemFormSet(item_data(request), prefix="items")
        if not all([form.is_valid(), items.is_valid()]):
            return self.show(form, items)
        asked = asked_for(form, items, request=request)
        request.call.touch("voucher", asked.code)
        if "validate" in request.POST:
            outcome = of_decision(actions.validate(asked), code=asked.code)
        else:
            attempt, is_first = redeem_once(asked)
            outcome = of_attempt(attempt)
            if is_first:
                request.call.request_id = attempt.request_id
            request.call.touch("voucher", attempt.code)
            request.call.touch("redemption", attempt.public_id)
        request.call.log_as_event(outcome.wire, status=outcome.status)
        if outcome.accepted and outcome.attempt:
            # The next customer starts with an empty form, and a reload asks for nothing.
            done = urlencode({"done": outcome.attempt.public_id})
            return HttpResponseRedirect(f"{reverse('redemptions:redeem')}?{done}")
        return self.show(form, items, outcome=outcome)

    def show(self, form: RedeemForm, items: BaseItemFormSet, outcome: Outcome | None = None) -> HttpResponse:
        """The page, with a new one-time number for the next press of the button."""
        nonce = signing.dumps([self.request.user.pk, new_request_id()], salt=SALT)
        return self.render_to_response(self.get_context_data(form=form, items=items, outcome=outcome, nonce=nonce))


def item_data(request: HttpRequest) -> Any:
    """The posted lines of the order; a form without any is one with none."""
    if "items-TOTAL_FORMS" in request.POST:
        return request.POST
    return {"items-TOTAL_FORMS": "0", "items-INITIAL_FORMS": "0"}


def read_nonce(request: HttpRequest) -> str:
    """The request id that the form was given, if it was given to this person; else a new one."""
    try:
        user_pk, request_id = signing.loads(request.POST.get("nonce", ""), salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        return new_request_id()
    return request_id if user_pk == request.user.pk else new_request_id()


def asked_for(form: RedeemForm, items: BaseItemFormSet, *, request: HttpRequest) -> RedeemRequest:
    """What was typed as the request that a shop would have sent; amounts in cents."""
    typed = form.cleaned_data
    order: dict[str, Any] = {}
    if typed["amount"] is not None:
        order["amount"] = typed["amount"]
    if items.items:
        order["items"] = items.items
    return RedeemRequest(
        code=typed["code"],
        channel=channel_of(request.user),
        order=order or None,
        customer={"source_id": typed["customer"]} if typed["customer"] else None,
        metadata=form.metadata,
        gift_credits=typed["credits"],
        request_id=read_nonce(request),
    )


def redeem_once(asked: RedeemRequest) -> tuple[Redemption, bool]:
    """Redeem, unless this very form was sent before: then return the attempt that came of it, and False.

    The lock makes the second of two presses wait until the first one's attempt is on record.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [asked.request_id])
        earlier = Redemption.objects.filter(request_id=asked.request_id).first()
        if earlier is not None:
            return earlier, False
        return actions.redeem(asked), True


def of_attempt(attempt: Redemption) -> Outcome:
    """The outcome of an attempt that is on record."""
    accepted = attempt.result == Result.SUCCESS
    wire = {"id": attempt.public_id, "object": "redemption", "result": attempt.result, "status": attempt.status}
    return Outcome(
        accepted=accepted,
        title="Redeemed" if accepted else "Not redeemed",
        code=attempt.code,
        sentence=attempt.sentence,
        line_for_customer=attempt.line_for_customer,
        amounts=amounts(attempt.order, attempt.voucher, discount=attempt.discount_amount, credits=attempt.gift_amount)
        if accepted
        else [],
        attempt=attempt,
        wire={**wire, "failure_code": attempt.failure_code or None},
        status=attempt.reason.http_status if attempt.reason else 200,
    )


def of_decision(decision: Decision, *, code: str) -> Outcome:
    """The outcome of a validation, which is not on record as an attempt."""
    if decision.accepted:
        return Outcome(
            accepted=True,
            title="Valid: it would be redeemed",
            code=code,
            amounts=amounts(
                decision.order,
                Voucher.objects.by_reference(code).first(),
                discount=decision.discount_amount,
                credits=decision.gift_amount,
            ),
            wire={"valid": True, "discount_amount": decision.discount_amount, "gift_amount": decision.gift_amount},
        )
    told = {"code": code, "tz": timezone.get_current_timezone(), "currency": settings.CURRENCY}
    reason = str(decision.reason)
    return Outcome(
        accepted=False,
        title="Not valid: it would be refused",
        code=code,
        sentence=sentences.sentence(reason, decision.compared, **told),
        line_for_customer=sentences.for_customer(
            reason, decision.compared, **told, error_message=decision.error_message or ""
        ),
        wire={"valid": False, "reason": reason},
    )


def amounts(
    order: dict[str, Any] | None, voucher: Voucher | None, *, discount: int | None, credits: int | None
) -> list[tuple[str, str]]:
    """What the customer saves and pays, as (label, text); without an order, what the code gives."""
    order = order or {}
    saved = ("The customer saves", discount if order else None)
    taken = ("From the gift card", credits)
    parts = [("Order", order.get("amount")), saved if credits is None else taken, ("To pay", order.get("total_amount"))]
    told = [(label, show.money(cents)) for label, cents in parts if isinstance(cents, int)]
    if voucher is not None and (voucher.is_gift or not order):
        told.insert(0, ("Gift card" if voucher.is_gift else "The code gives", value_in_words(voucher)))
    return told
