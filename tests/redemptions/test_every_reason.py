"""Every reason at its boundary, by every way to redeem: what is answered, what is stored and which sentence is told."""

import html
import json
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from redemptions.engine import Reason
from redemptions.models import Redemption
from tests import factories
from tests.redemptions.every_reason import API, BY_HAND, CODE, LEGACY, NOT_BY_HAND, NOW, SCENES, STACKED, Scene
from tests.redemptions.test_rules_over_http import form_of
from voucherify_admin.api.models import ApiCall

CASES = [(scene, way) for scene in SCENES for way in scene.ways]
# What is wrong with the request or its order is wrong for every code of a stack.
OF_THE_WHOLE = {
    Reason.INVALID_PAYLOAD: "invalid_payload",
    Reason.INVALID_ORDER: "no_applicable_redeemables",
    Reason.INVALID_AMOUNT: "no_applicable_redeemables",
}


def named(value: Any) -> str:
    return f"{value.reason}: {value.about}" if isinstance(value, Scene) else str(value)


def prepare(scene: Scene, *, is_allowed: bool) -> dict[str, Any]:
    """Make what the scene is about, and return what is to be sent."""
    attempt = scene.allowed if is_allowed else scene.refused
    changes = {"code": CODE, **attempt.voucher}
    if "campaign" in changes:
        changes["campaign"] = factories.make_campaign(name="Spring", **changes["campaign"])
    scene.around(factories.make_voucher(**changes), is_allowed)
    return attempt.body


def send(client: Client, way: str, sent: dict[str, Any]) -> HttpResponse:
    """Redeem the code this way and return the answer."""
    if way == BY_HAND:
        client.force_login(factories.make_user("Merchant"))
        return client.post("/redeem/", form_of(sent), follow=True)
    headers = factories.make_key()
    if way == LEGACY:
        path, body = f"/v1/vouchers/{CODE}/redemption", sent
    else:
        redeemable = {"object": "voucher", "id": CODE, **({"gift": sent["gift"]} if "gift" in sent else {})}
        before = []
        if way == STACKED:
            factories.make_voucher(code="GOOD", discount={"type": "PERCENT", "percent_off": 0})
            before = [{"object": "voucher", "id": "GOOD"}]
        body = {name: value for name, value in sent.items() if name != "gift"}
        path, body = "/v1/redemptions", {**body, "redeemables": [*before, redeemable]}
    return client.post(path, body, content_type="application/json", headers=headers)


def the_attempt() -> Redemption:
    return Redemption.objects.filter(code=CODE, created_at=NOW).get()


@pytest.mark.django_db
@pytest.mark.parametrize(("scene", "way"), CASES, ids=named)
@time_machine.travel(NOW, tick=False)
def test_just_beyond_the_boundary_it_is_refused_with_facts_and_sentence(client, scene, way):
    sent, reason = prepare(scene, is_allowed=False), scene.reason

    answer = send(client, way, sent)

    attempt = the_attempt()
    assert (attempt.result, attempt.status, attempt.failure_code) == ("FAILURE", "FAILED", reason.value)
    stored = {"check": reason.value, **scene.facts, "details": scene.details}
    if "gift" in sent:
        stored["gift_credits"] = sent["gift"]["credits"]
    assert attempt.facts == stored
    assert attempt.sentence == scene.sentence
    assert (attempt.parent is not None) is (way == STACKED)
    assert_told(answer, way, scene, attempt)
    assert attempt.voucher is None or attempt.voucher.redeemed_quantity == scene.refused.voucher.get(
        "redeemed_quantity", 0
    )


def assert_told(answer: HttpResponse, way: str, scene: Scene, attempt: Redemption) -> None:
    """The caller hears the reason: code, status, message and the attempt that was recorded."""
    reason = scene.reason
    if way == BY_HAND:
        page = html.unescape(answer.content.decode())
        assert (answer.status_code, scene.sentence in page, attempt.line_for_customer in page) == (200, True, True)
        event = ApiCall.objects.touching("redemption", attempt.public_id).get()
        assert (event.channel, event.status) == ("dashboard", reason.http_status)
        assert json.loads(event.response_body)["failure_code"] == reason.value
        return
    told, status = answer.json(), answer.status_code
    if way == STACKED and reason in OF_THE_WHOLE:
        assert (status, told["code"], told["key"]) == (400, 400, OF_THE_WHOLE[reason])
        assert not Redemption.objects.filter(result="SUCCESS", created_at=NOW).exists()
        assert Redemption.objects.stack_of(attempt.parent).filter(public_id=told["resource_id"]).exists()
        assert attempt.failure_message == reason.message
        return
    if way == STACKED:
        assert (status, [one["voucher"]["code"] for one in told["redemptions"]]) == (200, ["GOOD"])
        told = told["inapplicable_redeemables"][0]["result"]["error"]
        status = told["code"]
    assert (status, told["code"], told["key"]) == (reason.http_status, reason.http_status, reason.value)
    assert (told["message"], told["details"]) == (reason.message, scene.details)
    assert told["resource_id"] == attempt.public_id


@pytest.mark.django_db
@pytest.mark.parametrize(("scene", "way"), CASES, ids=named)
@time_machine.travel(NOW, tick=False)
def test_just_within_the_boundary_it_succeeds(client, scene, way):
    sent = prepare(scene, is_allowed=True)

    answer = send(client, way, sent)

    attempt = the_attempt()
    assert (answer.status_code, attempt.result, attempt.failure_code) == (200, "SUCCESS", ""), attempt.sentence
    assert attempt.voucher.redeemed_quantity == scene.allowed.voucher.get("redeemed_quantity", 0) + 1


def test_each_reason_has_four_cases_at_least_by_every_way_that_there_is():
    cases = {reason: [(scene, way) for scene, way in CASES if scene.reason is reason] for reason in Reason}

    for reason, own in cases.items():
        ways = {way for _, way in own}
        assert len(own) >= 4, reason
        assert ways >= set(API), reason
        assert (BY_HAND in ways) is (reason not in NOT_BY_HAND), reason
    assert {scene.reason for scene in SCENES} == set(Reason)
