"""The compatibility page is true: fields by what the API answers to a rich example of each object, quirks by tests."""

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import voucherify
from django.test import Client

from tests.factories import make_key
from tests.test_readme import table
from voucherify_admin.api_urls import api
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.exports.models import Export
from voucherify_admin.webhooks.events import EVENTS
from voucherify_admin.webhooks.models import Delivery, Target

ROOT = Path(__file__).resolve().parent.parent

MODELS = {
    "redemption": voucherify.Redemption,
    "rollback": voucherify.RedemptionsRollbackCreateResponseBody,
    "voucher": voucherify.VouchersGetResponseBody,
    "campaign": voucherify.CampaignsGetResponseBody,
    "customer": voucherify.CustomersGetResponseBody,
    "order": voucherify.OrdersGetResponseBody,
    "order item": voucherify.OrderCalculatedItem,
    "segment": voucherify.SegmentsGetResponseBody,
    "validation rule": voucherify.ValidationRulesGetResponseBody,
    "assignment": voucherify.ValidationRuleAssignment,
    "validation": voucherify.ValidationsValidateResponseBody,
    "publication": voucherify.PublicationsCreateResponseBody,
    "export": voucherify.ExportsGetResponseBody,
    "asynchronous action": voucherify.AsyncActionGetResponseBody,
    "gift card transaction": voucherify.VoucherTransaction,
}
# What the SDK has no model for, since nobody asks for it: a webhook's body, by Voucherify's documentation.
UNASKED = {
    "webhook": {"id", "project_id", "created_at", "type", "data", "source", "event"},
    "event of a webhook": {"id", "type", "created_at", "entity_id", "group_id", "event_source"},
}


class Shop:
    """Calls the API and keeps what it answered of each object."""

    def __init__(self) -> None:
        self.client, self.headers = Client(), make_key(role="Administrator")
        self.seen: dict[str, list[dict[str, Any]]] = {name: [] for name in (*MODELS, *UNASKED)}

    def __call__(self, kind: str, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = "" if body is None else json.dumps(body)
        answer = self.client.generic(method, f"/v1/{path}", sent, content_type="application/json", headers=self.headers)
        assert answer.status_code == status, (path, answer.content)
        told = answer.json() if answer.content else {}
        if kind:
            self.seen[kind].append(told)
        return told


@pytest.fixture
def answers(db, settings) -> dict[str, list[dict[str, Any]]]:
    """What the API tells of each object when everything about it is set."""
    shop = Shop()
    Target.objects.create(name="Shop", url="https://shop.example.com/", events=[name for name, _ in EVENTS])
    customer = {
        "source_id": "ann",
        "name": "Ann",
        "email": "ann@example.com",
        "phone": "+48 123",
        "description": "regular",
        "birthdate": "1990-01-02",
        "address": {"city": "Berlin"},
        "metadata": {"vip": True},
    }
    shop("", "POST", "customers", {**customer, "name": "Anna"})
    shop("", "PUT", "customers/ann", customer)
    segment = shop(
        "",
        "POST",
        "segments",
        {
            "name": "VIP",
            "type": "auto-update",
            "filter": {"junction": "and", "metadata.vip": {"conditions": {"$is": [True]}}},
        },
    )
    shop("segment", "GET", f"segments/{segment['id']}")
    rule = shop(
        "",
        "POST",
        "validation-rules",
        {
            "name": "Minimum",
            "rules": {"1": {"name": "order.amount", "conditions": {"$more_than": [100]}, "rules": {}}, "logic": "1"},
            "error": {"message": "Spend more"},
            "applicable_to": {"included": [{"object": "product", "id": "tea"}], "included_all": False},
        },
    )
    shop("", "PUT", f"validation-rules/{rule['id']}", {"name": "Minimum of Spring"})
    hours = {"daily": [{"start_time": "00:00", "expiration_time": "23:59", "days_of_week": [0, 1, 2, 3, 4, 5, 6]}]}
    campaign = {
        "name": "Spring",
        "description": "Sale",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}},
        "start_date": "2020-01-01T00:00:00Z",
        "expiration_date": "2099-01-01T00:00:00Z",
        "metadata": {"team": "mail"},
        "category": "mail",
        "join_once": True,
        "auto_join": True,
        "vouchers_count": 2,
    }
    spring = shop("", "POST", "campaigns", {**campaign, "validity_hours": hours})
    shop(
        "",
        "POST",
        "campaigns",
        {
            **campaign,
            "name": "Days",
            "validity_day_of_week": [0, 1, 2, 3, 4, 5, 6],
            "validity_timeframe": {"interval": "P2D", "duration": "PT36H"},
            "vouchers_count": 0,
        },
    )
    shop("", "PUT", "campaigns/Spring", {"description": "The sale"})
    shop(
        "assignment",
        "POST",
        f"validation-rules/{rule['id']}/assignments",
        {"related_object_type": "campaign", "related_object_id": spring["id"]},
    )
    shop("validation rule", "GET", f"validation-rules/{rule['id']}")
    shop("campaign", "GET", "campaigns/Spring")
    shop("campaign", "GET", "campaigns/Days")
    shop(
        "publication",
        "POST",
        "publications",
        {
            "customer": {"source_id": "ann"},
            "campaign": {"name": "Spring", "count": 1},
            "source_id": "p-1",
            "metadata": {"letter": 7},
        },
    )
    shop(
        "publication",
        "POST",
        "publications",
        {"customer": {"source_id": "ann"}, "campaign": {"name": "Spring", "count": 2}, "metadata": {"letter": 7}},
    )
    shop("", "POST", "campaigns", {"name": "Gifts", "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}}})
    always = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    shop("", "POST", "vouchers/HOURS", {**always, "validity_hours": hours})
    shop(
        "",
        "POST",
        "vouchers/DAYS",
        {
            **always,
            "start_date": "2020-01-01T00:00:00Z",
            "validity_timeframe": {"interval": "P2D", "duration": "PT36H"},
        },
    )
    for code, more in (
        ("TEA", {"campaign": "Spring", "type": "DISCOUNT_VOUCHER"}),
        ("CARD", {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}, "campaign": "Gifts"}),
    ):
        shop(
            "",
            "POST",
            f"vouchers/{code}",
            {
                **more,
                **({"discount": {"type": "PERCENT", "percent_off": 10}} if code == "TEA" else {}),
                "category": "mail",
                "start_date": "2020-01-01T00:00:00Z",
                "expiration_date": "2099-01-01T00:00:00Z",
                "additional_info": "note",
                "metadata": {"a": 1},
                "redemption": {"quantity": 50},
                "validity_day_of_week": [0, 1, 2, 3, 4, 5, 6],
            },
        )
        shop("", "PUT", f"vouchers/{code}", {"metadata": {"b": 2}})
    shop("", "POST", "publications", {"customer": {"source_id": "ann"}, "voucher": "TEA"})
    order = {
        "source_id": "cart-1",
        "amount": 2000,
        "metadata": {"till": 4},
        "status": "PAID",
        "items": [{"product_id": "tea", "quantity": 2, "price": 1000, "amount": 2000}],
    }
    asked = {
        "customer": {"source_id": "ann"},
        "order": order,
        "metadata": {"till": 4},
        "session": {"type": "LOCK", "key": "ssn_1", "ttl": 1, "ttl_unit": "DAYS"},
    }
    both = [{"object": "voucher", "id": "TEA"}, {"object": "voucher", "id": "CARD", "gift": {"credits": 500}}]
    shop("validation", "POST", "validations", {"redeemables": both[:1], "tracking_id": "t", **asked})
    shop("validation", "POST", "validations", {"redeemables": [*both, {"object": "voucher", "id": "NONE"}], **asked})
    mode, settings.STACKING_MODE = settings.STACKING_MODE, "ALL"
    shop("validation", "POST", "validations", {"redeemables": [*both, {"object": "voucher", "id": "NONE"}], **asked})
    settings.STACKING_MODE = mode
    one = shop("", "POST", "redemptions", {"redeemables": both[:1], **asked})["redemptions"][0]
    two = shop("", "POST", "redemptions", {"redeemables": both, **asked, "order": {**order, "source_id": "cart-2"}})
    for each in (one, two["parent_redemption"], *two["redemptions"]):
        shop("redemption", "GET", f"redemptions/{each['id']}")
    refused = shop("", "POST", "vouchers/NONE/redemption", {}, status=404)
    shop("redemption", "GET", f"redemptions/{refused['resource_id']}")
    undone = shop("rollback", "POST", f"redemptions/{one['id']}/rollback?reason=mistake")
    shop("", "POST", f"redemptions/{two['parent_redemption']['id']}/rollbacks?reason=mistake")
    card = shop("", "POST", "vouchers/CARD/redemption", {"gift": {"credits": 100}, "customer": {"source_id": "ann"}})
    shop("rollback", "POST", f"redemptions/{card['id']}/rollback?reason=mistake")
    shop("rollback", "GET", f"redemptions/{undone['id']}")
    again = shop("", "POST", f"redemptions/{one['id']}/rollback", status=400)
    shop("rollback", "GET", f"redemptions/{again['resource_id']}")
    shop("redemption", "GET", f"redemptions/{one['id']}")
    sold = shop(
        "",
        "POST",
        "redemptions",
        {
            **asked,
            "redeemables": both[:1],
            "tracking_id": "till-4",
            "order": {**order, "source_id": "cart-3", "initial_amount": 2500},
        },
    )
    shop("redemption", "GET", f"redemptions/{sold['redemptions'][0]['id']}")
    named = {"reason": "mistake", "tracking_id": "till-4", "metadata": {"till": 4}}
    shop("rollback", "POST", f"redemptions/{sold['redemptions'][0]['id']}/rollback", named)
    shop("", "POST", "redemptions", {**asked, "redeemables": both[:1], "order": {**order, "source_id": "cart-4"}})
    off = [{"object": "voucher", "id": "DAYS"}]
    shop("", "POST", "redemptions", {"redeemables": off, "order": {"source_id": "cart-5", "amount": 2000}})
    for code in ("TEA", "CARD", "HOURS", "DAYS"):
        shop("voucher", "GET", f"vouchers/{code}")
    shop("", "POST", "vouchers/CARD/balance", {"amount": 100, "reason": "sorry", "source_id": "x-1"})
    shop.seen["gift card transaction"] += shop("", "GET", "vouchers/CARD/transactions")["data"]
    item = {"sku_id": "tea-1", "product_id": "tea", "source_id": "line-1", "related_object": "sku", "quantity": 3}
    item |= {"initial_quantity": 4, "initial_amount": 4000, "price": 1000, "amount": 3000, "metadata": {"gift": True}}
    item |= {"discount_quantity": 1, "product": {"name": "Tea", "price": 900}, "sku": {"sku": "Green", "price": 1000}}
    for code, discount in (
        ("LINES", {"type": "AMOUNT", "amount_off": 100, "effect": "APPLY_TO_ITEMS"}),
        ("MORE", {"type": "UNIT", "unit_off": 2, "unit_type": "tea", "effect": "ADD_NEW_ITEMS"}),
    ):
        shop("", "POST", f"vouchers/{code}", {"type": "DISCOUNT_VOUCHER", "discount": discount})
        bought = shop("", "POST", f"vouchers/{code}/redemption", {"order": {"items": [item]}})
        shop.seen["order item"] += bought["order"]["items"]
    shop("customer", "GET", "customers/ann")
    shop("order", "GET", "orders/cart-1")
    for number in (2, 3, 4, 5):
        shop("order", "GET", f"orders/cart-{number}")
    file = shop("export", "POST", "exports", {"exported_object": "redemption", "parameters": {"fields": ["id"]}})
    Export.objects.get(public_id=file["id"]).build()
    shop("export", "GET", f"exports/{file['id']}")
    many = shop("", "POST", "campaigns/Spring/vouchers?vouchers_count=3", status=202)
    AsyncAction.objects.get(public_id=many["async_action_id"]).run()
    shop("asynchronous action", "GET", f"async-actions/{many['async_action_id']}")
    shop.seen["webhook"] = [json.loads(delivery.body) for delivery in Delivery.objects.all()]
    shop.seen["event of a webhook"] = [told["event"] for told in shop.seen["webhook"]]
    return shop.seen


def documented(name: str) -> set[str]:
    if name in UNASKED:
        return UNASKED[name]
    return {field.alias or key for key, field in MODELS[name].model_fields.items()}


def rows(answers: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[str, list[set[str]]]]:
    """Of each object the fields that are told, are always empty, are not told, and are ours."""
    for name, seen in answers.items():
        told = {key for answer in seen for key in answer}
        full = {key for answer in seen for key, value in answer.items() if value not in (None, "", [], {})}
        known = documented(name)
        yield name, [full & known, (told - full) & known, known - told, told - known]


def test_the_fields_of_each_object_are_told_as_the_page_says(answers):
    page = {
        row[0]: [set(cell.replace("`", "").replace("—", "").split(", ")) - {""} for cell in row[1:]]
        for row in table("fields")
    }
    assert page == dict(rows(answers))


def names_of_tests() -> set[str]:
    """The names of all tests."""
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        tree = ast.parse(path.read_text())
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return found


def test_each_quirk_of_the_wire_is_shown_by_a_test_of_that_name():
    named = [row[2].strip("`") for row in table("quirks")]
    assert len(named) == len(set(named)) > 20
    assert set(named) - names_of_tests() == set()
    assert {row[1].partition(":")[0] for row in table("quirks")} <= {"yes", "partly", "no"}


def sdk_bodies() -> Iterator[tuple[str, str, set[str]]]:
    """Method, path and documented fields of each request body that the Python SDK has a model for."""
    for api_class in (each for name, each in vars(voucherify).items() if name.endswith("Api")):
        for name, method in inspect.getmembers(api_class, inspect.isfunction):
            if not hasattr(api_class, f"_{name}_serialize"):
                continue
            asked = inspect.getsource(getattr(api_class, f"_{name}_serialize"))
            argument = re.search(r"if (\w+) is not None:\n\s+_body_params", asked)
            if argument is None:
                continue
            annotated = re.search(rf"{argument[1]}: .*?\b([A-Z]\w+Body|[A-Z]\w+Item)\b", inspect.getsource(method))
            model = getattr(voucherify, annotated[1]) if annotated else None
            if model is not None:
                verb = re.search(r"method='(\w+)'", asked)[1]
                path = re.search(r"resource_path='([^']+)'", asked)[1]
                yield verb, path, {field.alias or key for key, field in model.model_fields.items()}


def properties(schema: dict[str, Any], document: dict[str, Any]) -> set[str]:
    """All properties of a schema of our document, those of its alternatives and of a list's items too."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found = set(schema.get("properties", {}))
    for part in (*schema.get("anyOf", []), *schema.get("oneOf", []), *schema.get("allOf", []), schema.get("items", {})):
        found |= properties(part, document) if part else set()
    return found


def test_the_documented_fields_that_a_body_may_hold_and_nobody_reads_are_named():
    document = api.get_openapi_schema()
    ignored = {}
    ours = {re.sub(r"\{\w+\}", "{}", path): operations for path, operations in document["paths"].items()}
    for verb, path, known in sdk_bodies():
        operation = ours.get(re.sub(r"\{\w+\}", "{}", path), {}).get(verb.lower())
        if operation and "requestBody" in operation:
            schema = next(iter(operation["requestBody"]["content"].values()))["schema"]
            read = properties(schema, document)
            if read and known - read:
                ignored[f"{verb} {re.sub(r'{[^}]+}', '{}', path)}"] = known - read
    told = {
        re.sub(r"\{\w+\}", "{}", row[0].strip("`")): set(row[1].replace("`", "").split(", ")) - {"—"}
        for row in table("ignored")
    }
    assert {endpoint: fields for endpoint, fields in told.items() if fields} == ignored
