"""The client-side API: what a shop's page may do from the browser. It goes through the same verbs as the server's.

Whoever opens the page can call this, so it answers nothing that the page did not send or the code itself gives:
of a customer the ids only.
"""

import re
from typing import Any

from django.http import HttpRequest, QueryDict
from ninja import Router

from redemptions import schemas
from redemptions.api import attempts, stacks
from voucherify_admin.api.auth import ClientAuth
from voucherify_admin.api.errors import invalid_query

router = Router(tags=["Client-side"])

MAY_VALIDATE = ClientAuth()
MAY_REDEEM = ClientAuth(redeems=True)
CODE = {"name": "code", "in": "query", "required": True, "schema": {"type": "string", "minLength": 1}}
PART = re.compile(r"(\w+)((?:\[[^\[\]]*\]){0,4})")
NUMBERS = {"amount", "quantity", "price", "discount_quantity", "discount_amount", "initial_amount", "initial_quantity"}
ATTEMPTS = ("redemptions", "parent_redemption")
WHOLE = re.compile(r"-?[0-9]{1,15}")


@router.post(
    "/redeem",
    auth=MAY_REDEEM,
    response={200: schemas.RedemptionOut, **attempts.REFUSALS},
    exclude_unset=True,
    summary="Redeem a voucher from a page",
    openapi_extra={"parameters": [CODE], **attempts.body_of(schemas.RedeemIn)},
)
def redeem_from_page(request: HttpRequest, tracking_id: str | None = None):
    """Use a code. Only with keys whose client-side redemption is switched on; recorded as any other attempt."""
    return _without_person(attempts.redeem_voucher(request, _code(request), tracking_id))


@router.post(
    "/redemptions",
    auth=MAY_REDEEM,
    response={200: schemas.StackOut, **attempts.REFUSALS},
    exclude_unset=True,
    summary="Redeem from a page",
    openapi_extra=attempts.body_of(schemas.StackIn),
)
def redeem_stack_from_page(request: HttpRequest):
    """Voucherify's current way to redeem, from a page."""
    return _without_person(stacks.redeem_stack(request))


@router.get(
    "/validate",
    auth=MAY_VALIDATE,
    response={200: schemas.ValidationOut, **attempts.REFUSALS},
    exclude_unset=True,
    summary="Validate a voucher from a page",
    openapi_extra={
        "parameters": [CODE, {"name": "amount", "in": "query", "schema": {"type": "integer", "minimum": 0}}]
    },
)
def validate_from_page(request: HttpRequest):
    """Say what redeeming would do. The query holds `code`, `amount` (cents), `item[0][product_id]`,
    `item[0][quantity]`, `item[0][price]`, `customer[source_id]`, `metadata[key]` and `order[metadata][key]`.
    """
    body = body_of(request.GET)
    attempts.check_session(request, body)
    return attempts.validated(request, _code(request), body, tracking_id=request.GET.get("tracking_id"))


@router.post(
    "/validations",
    auth=MAY_VALIDATE,
    response={200: schemas.StackValidationOut, **attempts.REFUSALS},
    exclude_unset=True,
    summary="Validate from a page",
    openapi_extra=attempts.body_of(schemas.StackIn),
)
def validate_stack_from_page(request: HttpRequest):
    """Voucherify's current way to validate, from a page."""
    return stacks.validate_stack(request)


def body_of(query: QueryDict) -> dict[str, Any]:
    """Return the body that a query means: `customer[source_id]=a` is {"customer": {"source_id": "a"}}.

    The numbers of orders are read as numbers; what is none stays as it is, for the checks to refuse.
    """
    tree: dict[str, Any] = {}
    for key, text in query.items():
        match = PART.fullmatch(key)
        if not match or key == "code":
            continue
        path = [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])]
        place = tree
        for name in path[:-1]:
            inner = place.setdefault(name, {})
            if not isinstance(inner, dict):
                raise invalid_query(f"Property .{path[0]} is both a value and an object")
            place = inner
        # Two spellings of one thing: the longer one says more.
        if not isinstance(place.get(path[-1]), dict):
            place[path[-1]] = int(text) if path[-1] in NUMBERS and WHOLE.fullmatch(text) else text
    order = tree.get("order") if isinstance(tree.get("order"), dict) else {}
    if "amount" in tree:
        order["amount"] = tree["amount"]
    if isinstance(tree.get("item"), dict):
        order["items"] = list(tree["item"].values())
    customer = tree.get("customer")
    body = {name: tree[name] for name in ("metadata", "tracking_id") if tree.get(name)}
    if order:
        body["order"] = order
    if isinstance(customer, dict):
        # A page names its customer; what is known of them it cannot say.
        body["customer"] = {name: customer.get(name) for name in ("id", "source_id")}
    if "session_type" in tree:
        body["session"] = {"type": tree["session_type"], "key": tree.get("session_key")}
    return body


def _code(request: HttpRequest) -> str:
    code = request.GET.get("code", "").strip()
    if not code:
        raise invalid_query("Property . should have required property 'code'")
    return code


def _without_person(answer: Any) -> Any:
    """Return an answer in which customers are told by ids alone, in every attempt that it holds."""
    if isinstance(answer, list):
        return [_without_person(part) for part in answer]
    if not isinstance(answer, dict):
        # A refusal that is answered again: it tells of nobody.
        return answer
    parts = {name: _without_person(part) for name, part in answer.items() if name in ATTEMPTS}
    if person := answer.get("customer"):
        parts["customer"] = dict.fromkeys(person) | {name: person.get(name) for name in ("id", "source_id", "object")}
    return {**answer, **parts}
