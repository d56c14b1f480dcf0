"""Every answer that the Python SDK has a model for is read by that model, and every refusal by its model of errors.

The models are found in the SDK itself, by method and path; where it has none, the answer is not read by it either.
"""

import inspect
import json
import re
from functools import cache
from typing import Any

import pytest
import time_machine
import voucherify
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client

from redemptions.models import Redemption
from tests import factories
from tests.redemptions.every_reason import LEGACY, NOW, SCENES, STACKED
from tests.redemptions.test_every_reason import named, prepare, send
from voucherify_admin.api_urls import api

pytestmark = pytest.mark.django_db

# Voucherify's own answer would not fit either: this model takes voucher ids of one character only.
NOT_READABLE = {("POST", "/v1/vouchers/{}/transactions/export")}


def generic(path: str) -> str:
    """`/v1/vouchers/{}` for a path in Django's words, in those of OpenAPI, or in the SDK's."""
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", path if path.startswith("/") else f"/{path}")


@cache
def models() -> dict[tuple[str, str], Any]:
    """The model of each operation's answer; None where the answer has no body."""
    found = {}
    for api_class in (each for name, each in vars(voucherify).items() if name.endswith("Api")):
        for name, method in inspect.getmembers(api_class, inspect.isfunction):
            if not hasattr(api_class, f"_{name}_serialize"):
                continue
            asked = inspect.getsource(getattr(api_class, f"_{name}_serialize"))
            verb = re.search(r"method='(\w+)'", asked)[1]
            path = re.search(r"resource_path='([^']+)'", asked)[1]
            answer = re.search(r"'2XX': \"(\w+)\"", inspect.getsource(method))
            if (verb, generic(path)) in NOT_READABLE:
                continue
            found[verb, generic(path)] = getattr(voucherify, answer[1], None) if answer else None
    return found


def ours() -> set[tuple[str, str]]:
    """Each operation of ours that the SDK has a model for."""
    document = api.get_openapi_schema()
    all_of_ours = {
        (method.upper(), generic(path)) for path, operations in document["paths"].items() for method in operations
    }
    return {each for each in all_of_ours if models().get(each) is not None}


def read(method: str, answer: HttpResponse) -> tuple[str, str]:
    """Read an answer strictly and return its operation; a model that does not fit raises."""
    operation = (method, generic(answer.resolver_match.route))
    if answer.status_code >= 400:
        error = voucherify.Error.from_dict(answer.json())
        assert error.code == answer.status_code
        assert error.key
        assert error.message
        assert error.request_id
    elif models().get(operation) is not None:
        assert models()[operation].from_dict(answer.json()) is not None
    return operation


@pytest.mark.parametrize("way", [LEGACY, STACKED])
@pytest.mark.parametrize("scene", SCENES, ids=named)
@time_machine.travel(NOW, tick=False)
def test_each_refusal_and_its_attempt_and_validation_are_read(client, scene, way):
    sent = prepare(scene, is_allowed=False)
    headers = factories.make_key()

    read("POST", send(client, way, sent))
    for attempt in Redemption.objects.filter(created_at=NOW):
        read("GET", client.get(f"/v1/redemptions/{attempt.public_id}", headers=headers))
    read("GET", client.get("/v1/redemptions?result=FAILURE", headers=headers))
    redeemable = {"object": "voucher", "id": "THE-CODE", **({"gift": sent["gift"]} if "gift" in sent else {})}
    body = {**{name: value for name, value in sent.items() if name != "gift"}, "redeemables": [redeemable]}
    answer = client.post("/v1/validations", body, content_type="application/json", headers=headers)
    assert answer.status_code == (400 if scene.reason == "invalid_payload" else 200)
    read("POST", answer)


class Shop:
    """A client that reads every answer strictly and remembers which operations it has asked."""

    def __init__(self) -> None:
        self.client = Client(headers=factories.make_key())
        self.answered: set[tuple[str, str]] = set()

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 200) -> dict[str, Any]:
        sent = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        answer = getattr(self.client, method.lower())(f"/v1{path}", **sent)
        return self._read(method, answer, status)

    def upload(self, path: str, csv: bytes) -> None:
        self._read("POST", self.client.post(f"/v1{path}", {"file": SimpleUploadedFile("codes.csv", csv)}), 202)

    def _read(self, method: str, answer: HttpResponse, status: int) -> dict[str, Any]:
        assert answer.status_code == status, answer.content
        self.answered.add(read(method, answer))
        return answer.json() if answer.content else {}


def test_each_operation_is_answered_in_the_model_s_words(settings):
    shop = Shop()
    off = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    gift = {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}}
    campaign = shop("POST", "/campaigns", {"name": "C", "campaign_type": "DISCOUNT_COUPONS", "voucher": off})["id"]
    cards = shop("POST", "/campaigns", {"name": "G", "campaign_type": "GIFT_VOUCHERS", "voucher": gift})["id"]
    shop("POST", f"/campaigns/{campaign}/vouchers/IN-C", {})
    shop("POST", f"/campaigns/{cards}/vouchers/CARD", {})
    shop("POST", f"/campaigns/{campaign}/vouchers", {})
    for code in ("A", "B", "GONE"):
        shop("POST", f"/vouchers/{code}", off)
    shop("POST", "/vouchers", off)
    shop("POST", "/vouchers/CARD/balance", {"amount": 100})
    customer = shop("POST", "/customers", {"source_id": "ann", "name": "Ann"})["id"]
    gone = shop("POST", "/customers", {"source_id": "gone"})["id"]
    segment = shop("POST", "/segments", {"name": "S", "type": "static", "customers": [customer]})["id"]
    order = shop("POST", "/orders", {"source_id": "o-1", "amount": 5000})["id"]
    rules = {"1": {"name": "order.amount", "conditions": {"$more_than": [1]}, "rules": {}}, "logic": "1"}
    rule = shop("POST", "/validation-rules", {"name": "R", "rules": rules})["id"]
    bound = {"related_object_type": "voucher", "related_object_id": "A"}
    assignment = shop("POST", f"/validation-rules/{rule}/assignments", bound)["id"]
    shop("POST", "/publications", {"voucher": "A", "customer": {"source_id": "ann"}})
    codes = [{"object": "voucher", "id": code} for code in ("A", "B")]
    credits = {"object": "voucher", "id": "CARD", "gift": {"credits": 700}}
    asked = {"redeemables": [*codes, credits], "order": {"id": order}, "customer": {"source_id": "ann"}}
    shop("POST", "/validations", {**asked, "session": {"type": "LOCK", "key": "cart", "ttl": 1, "ttl_unit": "DAYS"}})
    shop("DELETE", "/vouchers/B/sessions/cart", status=204)
    parent = shop("POST", "/redemptions", asked)["parent_redemption"]["id"]
    shop("POST", f"/redemptions/{parent}/rollbacks", {"reason": "Returned"})
    one = shop("POST", "/redemptions", {"redeemables": codes[:1], "order": {"amount": 50}})["redemptions"][0]["id"]
    shop("POST", f"/redemptions/{one}/rollback", {})
    action = shop("POST", "/vouchers/metadata/async", {"codes": ["A"], "metadata": {"x": 1}}, status=202)
    action = action["async_action_id"]
    shop("POST", "/vouchers/bulk/async", [{"code": "A", "metadata": {"x": 2}}], status=202)
    shop("POST", "/vouchers/import", [{"code": "NEW", **off}], status=202)
    shop("POST", f"/campaigns/{campaign}/import", [{"code": "NEW-2"}], status=202)
    export = shop("POST", "/exports", {"exported_object": "redemption", "parameters": {}})["id"]
    shop("POST", "/vouchers/CARD/transactions/export", {"parameters": {}})
    for path in ("/vouchers/importCSV", f"/campaigns/{campaign}/importCSV"):
        shop.upload(path, b"Code\nCSV-%d\n" % len(path))
    for change in (
        ("PUT", f"/orders/{order}", {"status": "PAID"}),
        ("PUT", f"/campaigns/{campaign}", {"description": "Spring"}),
        ("PUT", "/vouchers/A", {"category": "Summer"}),
        ("PUT", f"/customers/{customer}", {"phone": "+48 1"}),
        ("PUT", f"/validation-rules/{rule}", {"name": "R 2"}),
        *[("POST", f"/vouchers/A/{verb}", {}) for verb in ("disable", "enable")],
        *[("POST", f"/campaigns/{campaign}/{verb}", {}) for verb in ("disable", "enable")],
    ):
        shop(*change)
    lists = ("redemptions", "orders", "campaigns", "publications", "vouchers", "customers", "segments")
    for path in (
        *lists,
        *("validation-rules", "validation-rules-assignments", "exports", "async-actions"),
        *(f"redemptions/{each}" for each in (parent, one)),
        *(f"campaigns/{cards}{more}" for more in ("", "/summary", "/transactions")),
        *(f"vouchers/CARD{more}" for more in ("", "/redemption", "/transactions", "/publications")),
        *(f"orders/{order}", f"customers/{customer}", f"customers/{customer}/segments", f"segments/{segment}"),
        f"customers/{customer}/activity",
        *(f"validation-rules/{rule}", f"validation-rules/{rule}/assignments"),
        *(f"exports/{export}", f"async-actions/{action}"),
    ):
        shop("GET", f"/{path}")
    for path in (
        f"validation-rules/{rule}/assignments/{assignment}",
        f"validation-rules/{rule}",
        f"segments/{segment}",
        f"customers/{gone}",
        "vouchers/GONE",
        f"exports/{export}",
    ):
        shop("DELETE", f"/{path}", status=204)
    shop("DELETE", f"/campaigns/{campaign}", status=202)
    shop("POST", f"/customers/{customer}/permanent-deletion")

    assert ours() - shop.answered == set()


def test_each_operation_is_refused_in_the_words_of_the_model_of_errors():
    document = api.get_openapi_schema()
    shop, stranger = Client(headers=factories.make_key()), Client(headers={"X-App-Id": "x", "X-App-Token": "y"})

    for path, operations in document["paths"].items():
        for method in operations:
            asked = re.sub(r"\{[^}]+\}", "nobody", path)
            body = {} if method == "get" else {"data": "{}", "content_type": "application/json"}
            for client in (stranger, shop):
                answer = getattr(client, method)(asked, **body)
                read(method.upper(), answer)
                if client is stranger or ("{" in path and not path.endswith("/validate")):
                    assert 400 <= answer.status_code < 500, asked
