"""Deleting a campaign: its codes stop at once, go one step after the other, and what was recorded stays."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.urls import reverse
from django.utils import timezone
from voucherify import models as sdk

from campaigns.models import Campaign, RuleAssignment
from redemptions import jobs
from redemptions.models import Redemption
from tests.factories import (
    as_json,
    make_campaign,
    make_key,
    make_redemption,
    make_rollback,
    make_rule,
    make_user,
    make_voucher,
)
from voucherify_admin.api.models import CallTouch
from voucherify_admin.async_actions import tasks
from voucherify_admin.async_actions.models import AsyncAction
from vouchers.models import GiftTransaction, Publication, Voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def call(client):
    headers = make_key()

    def send(method: str, path: str, body=None, headers=headers):
        data = b"" if body is None else as_json(body)
        return client.generic(method, f"/v1{path}", data=data, content_type="application/json", headers=headers)

    return send


@pytest.fixture
def spring() -> Campaign:
    """A campaign with five codes, a rule on it and on a code, attempts and a rollback."""
    campaign = make_campaign(name="Spring")
    vouchers = [make_voucher(code=f"SPRING-{number}", campaign=campaign) for number in range(4)]
    card = make_voucher(code="SPRING-CARD", campaign=campaign, type="GIFT_VOUCHER")
    make_rule({}, on=campaign)
    make_rule({}, on=vouchers[0])
    for voucher in (*vouchers, card):
        make_redemption(voucher=voucher)
    make_rollback(make_redemption(voucher=vouchers[0]))
    return campaign


def test_its_codes_stop_with_the_answer_and_a_worker_deletes_the_rest(call, spring):
    call("POST", "/publications", {"voucher": "SPRING-1", "customer": {"source_id": "shop-1"}})
    other = make_voucher(code="OTHER")

    answer = call("DELETE", "/campaigns/Spring?force=true")

    assert answer.status_code == 202, answer.content
    sdk.CampaignsDeleteResponseBody.from_dict(answer.json())
    action = AsyncAction.objects.get(public_id=answer.json()["async_action_id"])
    assert (action.type, action.total) == ("CAMPAIGN.DELETE", 5)
    assert CallTouch.objects.filter(object_type="campaign", object_id=spring.public_id).exists()
    refused = call("POST", "/vouchers/SPRING-1/redemption", {})
    assert (refused.status_code, refused.json()["key"]) == (400, "voucher_disabled")
    for method, path in (("GET", ""), ("PUT", ""), ("POST", "/enable"), ("POST", "/vouchers"), ("GET", "/summary")):
        assert call(method, f"/campaigns/Spring{path}").status_code == 404, (method, path)
    assert call("GET", "/campaigns").json()["campaigns"] == []

    action.run()

    told = call("GET", f"/async-actions/{action.public_id}").json()
    assert (told["status"], told["operation_status"]) == ("DONE", "SUCCESS")
    assert told["result"]["message"] == "5 of 5 were deleted."
    assert not Campaign.objects.exists()
    assert list(Voucher.objects.all()) == [other]
    assert not RuleAssignment.objects.exists()
    assert Redemption.objects.count() == 7
    assert set(Redemption.objects.values_list("campaign_name", "campaign", "voucher")) == {("Spring", None, None)}
    assert GiftTransaction.objects.get().code == "SPRING-CARD"
    assert Publication.objects.get().codes == ["SPRING-1"]
    listed = call("GET", "/redemptions?filters[campaign_name][conditions][$is]=Spring").json()
    assert {one["voucher"]["campaign"] for one in listed["redemptions"] if one["object"] == "redemption"} == {"Spring"}
    unknown = call("DELETE", "/campaigns/Spring")
    assert (unknown.status_code, unknown.json()["details"]) == (404, "Cannot find campaign with id Spring")


def test_nobody_can_switch_it_on_again_while_it_is_being_deleted(call, spring):
    call("DELETE", f"/campaigns/{spring.public_id}")
    Campaign.objects.update(is_active=True)
    assert call("POST", "/vouchers/SPRING-1/redemption", {}).json()["key"] == "voucher_disabled"


def test_asked_twice_or_delivered_twice_it_is_done_once(call, spring):
    first = call("DELETE", "/campaigns/Spring").json()
    assert call("DELETE", "/campaigns/Spring").json() == first
    action = AsyncAction.objects.get()
    tasks.run_async_action(action.pk)
    tasks.run_async_action(action.pk)
    action.refresh_from_db()
    assert (action.status, action.done_count) == ("DONE", 5)


def test_a_worker_that_dies_is_followed_by_one_that_goes_on(call, spring, monkeypatch):
    monkeypatch.setattr(jobs, "CODES", 2)
    monkeypatch.setattr(jobs, "ATTEMPTS", 3)
    call("DELETE", "/campaigns/Spring")
    whole_step, steps = jobs.DeleteCampaign.step, []

    def dies(self, position, *, now):
        done = whole_step(self, position, now=now)
        steps.append(done)
        if len(steps) == 4:
            raise OperationalError("gone, with the step half done")
        return done

    monkeypatch.setattr(jobs.DeleteCampaign, "step", dies)
    action = AsyncAction.objects.get()
    with pytest.raises(OperationalError):
        action.run()
    assert Voucher.objects.count() == 3, "the step that died left nothing behind"
    assert AsyncAction.objects.get().rescue(timezone.now() + timedelta(minutes=5))
    AsyncAction.objects.get().run()
    action.refresh_from_db()
    assert (action.status, action.done_count, action.message) == ("DONE", 5, "5 of 5 were deleted.")
    assert (Campaign.objects.count(), Voucher.objects.count(), Redemption.objects.count()) == (0, 0, 6)


def test_codes_that_were_to_be_made_for_it_are_not_made_any_more(call):
    template = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 100}}
    call("POST", "/campaigns", {"name": "Spring", "voucher": template})
    call("POST", "/campaigns/Spring/vouchers?vouchers_count=50")
    call("DELETE", "/campaigns/Spring")
    generation, deletion = AsyncAction.objects.order_by("pk")
    generation.run()
    generation.refresh_from_db()
    assert (generation.status, generation.message) == ("FAILED", "The campaign was deleted in the meantime.")
    deletion.run()
    assert not Campaign.objects.exists()


def test_only_a_role_that_may_can_delete_it(call, spring):
    for role in ("Viewer", "Merchant"):
        assert call("DELETE", "/campaigns/Spring", headers=make_key(role)).status_code == 403
    assert call("DELETE", "/campaigns/Spring", headers=make_key("User")).status_code == 202


def test_the_page_says_how_many_codes_go_and_what_stays_before_it_is_confirmed(client, spring):
    user = make_user("User")
    client.force_login(user)
    detail, address = (reverse(f"campaigns:{name}", args=[spring.public_id]) for name in ("detail", "delete"))
    assert address in client.get(detail).content.decode()
    asked = client.get(address).content.decode()
    assert "its 5 codes" in asked
    assert "every redemption and rollback" in asked
    assert not AsyncAction.objects.exists()

    answer = client.post(address, follow=True)

    assert "None of its codes can be redeemed" in answer.content.decode()
    action = AsyncAction.objects.get()
    assert (action.type, action.owner) == ("CAMPAIGN.DELETE", user)
    waiting = client.get(detail).content.decode()
    assert "is being deleted" in waiting
    assert address not in waiting
    assert client.get(address).status_code == 404
    action.run()
    assert client.get(detail).status_code == 404
    assert "5 of 5 were deleted." in client.get(reverse("imports:detail", args=[action.public_id])).content.decode()


def test_a_viewer_finds_no_button_and_no_page(client, spring):
    client.force_login(make_user("Viewer"))
    address = reverse("campaigns:delete", args=[spring.public_id])
    assert address not in client.get(reverse("campaigns:detail", args=[spring.public_id])).content.decode()
    assert client.get(address).status_code == 403
    assert client.post(address).status_code == 403
    assert not AsyncAction.objects.exists()
