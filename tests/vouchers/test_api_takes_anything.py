"""Whatever is sent to the API of the offer and of the codes, the answer is never an error of ours."""

from urllib.parse import quote, urlencode

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import as_json, make_campaign, make_customer, make_key, make_rule, make_voucher

pytestmark = pytest.mark.django_db
anything_goes = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))

WORDS = (
    "name type discount gift amount amount_off percent_off unit_off unit_type units effect fixed_amount amount_limit "
    "metadata redemption quantity start_date expiration_date active category additional_info validation_rules campaign "
    "campaign_id code_config length charset pattern prefix postfix voucher vouchers_count customers source_id id email "
    "phone birthdate address city rules 1 logic error message applicable_to included_all conditions $is property "
    "related_object_type related_object_id code description campaign_type"
)
NAMES = st.sampled_from(WORDS.split())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([0, 1, -1, 2**31, 2**63, 10**15, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=6),
    st.sampled_from(["2024-01-01", "0001-01-01T00:00:00+14:00", "GIFT_VOUCHER", "UNIT", "static", "\x00", "x" * 300]),
)
VALUES = st.recursive(
    LEAVES, lambda part: st.lists(part, max_size=3) | st.dictionaries(NAMES, part, max_size=5), max_leaves=12
)
BODIES = st.builds(
    lambda sound, odd: {**sound, **odd},
    st.sampled_from(
        [
            {},
            {"discount": {"type": "AMOUNT", "amount_off": 5}},
            {"gift": {"amount": 5}},
            {"name": "n", "voucher": {"gift": {"amount": 4}}},
            {"name": "r", "rules": {"1": {"name": "order.amount", "conditions": {"$is": [1]}}}},
        ]
    ),
    st.dictionaries(NAMES, VALUES, max_size=4),
)
LISTS = ["vouchers", "campaigns", "customers", "segments", "validation-rules", "validation-rules-assignments"]
ENDPOINTS = [
    *[("POST", path) for path in ("vouchers", "vouchers/N", "campaigns", "campaigns/C/vouchers", "customers")],
    *[("POST", path) for path in ("segments", "validation-rules", "validation-rules/RULE/assignments")],
    *[("PUT", path) for path in ("vouchers/V", "vouchers/G", "campaigns/C", "customers/s", "validation-rules/RULE")],
]
QUESTION_WORDS = (
    "limit page order campaign campaign_id code ids category customer name email city segment_id rule force "
    "related_object_id created_at[before] updated_at[after] campaign_status campaign_type filters "
    "filters[code][conditions][$is] filters[code][conditions][$in][0] filters[metadata.a][conditions][$more_than] "
    "filters[metadata.a__b][conditions][$contains] filters[metadata.][conditions][$is] "
    "filters[metadata.a][conditions][$after] filters[created_at][conditions][$more_than_ago] "
    "filters[created_at][conditions][$before] filters[created_at][conditions][$in] filters[junction] "
    "filters[redemption.quantity][conditions][$in] filters[active][conditions][$is]"
)
QUESTIONS = st.sampled_from(QUESTION_WORDS.split())
ANSWERS = st.text(max_size=5) | st.sampled_from(
    ["1", "-1", "9" * 30, "99999", "9999-12-31T23:59:59-14:00", "['a']", "[1,", "None", "\x00", "-created_at", "1e400"]
)


@pytest.fixture
def rule_id() -> str:
    make_voucher(code="V", metadata={"a": 1e300, "x": "y"})
    make_voucher(code="G", type="GIFT_VOUCHER", metadata={"a": "2024-01-01"})
    make_campaign(name="C", voucher_template={"discount": {"type": "AMOUNT", "amount_off": 5}}, metadata={"a": True})
    make_customer(source_id="s")
    return make_rule({}).public_id


@anything_goes
@given(endpoint=st.sampled_from(ENDPOINTS), body=BODIES | VALUES)
def test_no_body_is_an_error_of_ours_and_what_was_taken_can_be_listed(client, rule_id, endpoint, body):
    headers = make_key()
    method, path = endpoint
    path = path.replace("RULE", rule_id)
    before = transaction.savepoint()
    response = client.generic(
        method, f"/v1/{path}", data=as_json(body), content_type="application/json", headers=headers
    )
    assert response.status_code < 500, response.content
    if response.status_code == 200:
        for name in LISTS:
            assert client.get(f"/v1/{name}", headers=headers).status_code == 200
    transaction.savepoint_rollback(before)


@anything_goes
@given(
    name=st.sampled_from(LISTS),
    query=st.lists(st.tuples(QUESTIONS, ANSWERS), max_size=4),
    reference=st.text(min_size=1, max_size=6),
)
def test_no_question_and_no_address_is_an_error_of_ours(client, rule_id, name, query, reference):
    headers = make_key()
    assert client.get(f"/v1/{name}?{urlencode(query)}", headers=headers).status_code < 500
    for method in ("GET", "PUT", "DELETE"):
        address = f"/v1/{name}/{quote(reference, safe='')}"
        assert client.generic(method, address, headers=headers).status_code < 500
