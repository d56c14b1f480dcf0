"""The OpenAPI document is true: calls made up from it are answered as it says, and never by an error of ours.

Bounded and seeded, so that a run takes seconds and two runs ask the same.
"""

import json
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from requests import Request
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode

from tests.factories import (
    make_campaign,
    make_client_key,
    make_customer,
    make_key,
    make_redemption,
    make_rule,
    make_segment,
    make_voucher,
)
from voucherify_admin.api_urls import api, client_api

pytestmark = pytest.mark.django_db

EXAMPLES = 20
load_all_checks()
TRUE = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)
OPERATIONS = {
    f"{operation.method.upper()} {operation.full_path}": operation
    for door in (api, client_api)
    for operation in (
        found.ok()
        for found in schemathesis.openapi.from_dict(
            json.loads(json.dumps(door.get_openapi_schema()))
        ).get_all_operations()
    )
}


class Undone(Exception):
    """Takes back what an example changed."""


@pytest.fixture
def known() -> dict[str, str]:
    """One row of everything, by the name that the document gives to its id; made-up ids alone would only be missed."""
    campaign, customer = make_campaign(name="C"), make_customer(source_id="s")
    voucher = make_voucher(code="V", campaign=campaign, redeemed_quantity=1)
    rule = make_rule({"1": {"name": "order.amount", "conditions": {"$more_than": [1]}}, "logic": "1"}, on=voucher)
    return {
        "code": "V",
        "campaign_id": "C",
        "customer_id": "s",
        "segment_id": make_segment(customer).public_id,
        "rule_id": rule.public_id,
        "redemption_id": make_redemption(voucher=voucher, customer=customer).public_id,
    }


def asked(case: Any, keys: dict[str, str]) -> Response:
    """Make the call through Django's own client, in the transaction of the test."""
    sent = case.as_transport_kwargs(base_url="http://testserver")
    prepared = Request(**{**sent, "headers": {}}).prepare()
    answer = Client(raise_request_exception=False).generic(
        prepared.method,
        prepared.url.removeprefix("http://testserver"),
        data=prepared.body or b"",
        content_type=prepared.headers.get("Content-Type", "application/json"),
        headers=keys,
    )
    headers = {name.lower(): [value] for name, value in answer.items()}
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return Response(answer.status_code, headers, content, prepared, elapsed=0.1, verify=False)


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_answered_as_the_document_says(name, known):
    operation = OPERATIONS[name]
    keys = make_client_key(may_redeem=True) if "/client/" in name else make_key()
    # What fits the document, and what does not.
    cases = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.body or operation.query:
        cases |= operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)

    @seed(20261122)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, is_known=st.booleans())
    def holds(case: Any, is_known: bool) -> None:
        if is_known and case.path_parameters:
            case.path_parameters = {part: known.get(part, value) for part, value in case.path_parameters.items()}
        try:
            with transaction.atomic():
                case.validate_response(asked(case, keys), checks=TRUE)
                raise Undone
        except Undone:
            pass

    holds()
