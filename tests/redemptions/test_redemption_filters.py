"""What the filter panel finds, what it refuses, and that the filter by user tells nothing to whom it is not for."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from redemptions.engine import Reason
from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption
from tests.factories import make_campaign, make_customer, make_redemption, make_rollback, make_user, make_voucher

pytestmark = pytest.mark.django_db


def found(question: dict, user=None) -> set[str]:
    """The codes that a question finds; none when it is not understood."""
    asked = RedemptionFilter(question, Redemption.objects.all(), user=user)
    return set(asked.rows().values_list("code", flat=True))


def test_no_question_finds_everything():
    make_redemption(code="A")
    make_redemption(code="B", failure_code="voucher_expired")
    assert found({}) == {"A", "B"}


def test_by_result_and_by_status():
    make_redemption(code="USED")
    make_redemption(code="BAD", failure_code="voucher_expired")
    make_rollback(make_redemption(code="BACK"))
    assert found({"result": ["SUCCESS"]}) == {"USED", "BACK"}
    assert found({"result": ["FAILURE"]}) == {"BAD"}
    assert found({"status": ["ROLLED_BACK", "FAILED"]}) == {"BACK", "BAD"}


@pytest.mark.parametrize("reason", list(Reason))
def test_by_each_of_the_reasons(reason):
    make_redemption(code="OTHER", failure_code=next(one for one in Reason if one != reason))
    make_redemption(code="THIS", failure_code=reason)
    assert found({"reason": [reason.value]}) == {"THIS"}


def test_by_code_exactly_or_by_its_beginning():
    for code in ("SPRING-1", "SPRING-2", "spring-3", "SPR%NG-4"):
        make_redemption(code=code)
    assert found({"code": "SPRING-1"}) == {"SPRING-1"}
    assert found({"code": "SPRING"}) == set()
    assert found({"code": "SPRING*"}) == {"SPRING-1", "SPRING-2"}
    assert found({"code": "SPR%*"}) == {"SPR%NG-4"}


def test_a_star_alone_is_no_code():
    make_redemption(code="A")
    asked = RedemptionFilter({"code": "*"}, Redemption.objects.all())
    assert asked.rows().count() == 0
    assert "at least one character" in str(asked.errors["code"])


def test_by_campaign_under_its_present_name_or_its_id():
    campaign = make_campaign(name="Spring")
    make_redemption(code="IN", voucher=make_voucher(campaign=campaign), campaign=campaign)
    make_redemption(code="OUT")
    campaign.name = "Spring sale"
    campaign.save(update_fields=["name"])
    assert found({"campaign": "Spring sale"}) == {"IN"}
    assert found({"campaign": campaign.public_id}) == {"IN"}
    assert found({"campaign": "Autumn"}) == set()


def test_by_a_campaign_that_was_deleted():
    campaign = make_campaign(name="Spring")
    make_redemption(code="IN", campaign=campaign)
    campaign.delete()
    assert found({"campaign": "Spring"}) == {"IN"}


@pytest.mark.parametrize("name", ["public_id", "source_id", "email", "name"])
def test_by_customer_in_each_of_their_names(name):
    customer = make_customer(source_id="shop-ana", name="Ana Gómez", email="ana@example.com")
    make_redemption(code="ANA", customer=customer)
    make_redemption(code="BEN", customer=make_customer())
    make_redemption(code="NOBODY")
    assert found({"customer": getattr(customer, name)}) == {"ANA"}


def test_a_customer_nobody_knows_finds_nothing():
    make_redemption(code="NOBODY")
    assert found({"customer": "who?"}) == set()


def test_the_attempts_of_a_deleted_customer_are_found_by_the_shops_id():
    customer = make_customer(source_id="shop-ana")
    make_redemption(code="ANA", customer=customer)
    customer.delete()
    assert found({"customer": "shop-ana"}) == {"ANA"}


def test_by_channel_and_by_amount():
    make_redemption(code="SHOP", amount=1000)
    make_redemption(code="TILL", amount=5000, channel_type="USER")
    make_redemption(code="BARE", amount=None)
    assert found({"channel": ["USER"]}) == {"TILL"}
    assert found({"amount_min": "10.01"}) == {"TILL"}
    assert found({"amount_max": "10,00"}) == {"SHOP"}


def test_by_a_metadata_key_whether_its_value_was_text_number_or_truth():
    for code, value in (("TEXT", "7"), ("NUMBER", 7), ("OTHER", 8), ("TRUE", True)):
        make_redemption(code=code, metadata={"till": value})
    make_redemption(code="NONE")
    assert found({"metadata_key": "till", "metadata_value": "7"}) == {"TEXT", "NUMBER"}
    assert found({"metadata_key": "till", "metadata_value": "true"}) == {"TRUE"}
    assert found({"metadata_key": "till"}) == {"TEXT", "NUMBER", "OTHER", "TRUE"}
    assert found({"metadata_key": "shop", "metadata_value": "7"}) == set()


def test_a_day_is_a_day_of_the_readers_zone():
    warsaw = ZoneInfo("Europe/Warsaw")
    midnight = datetime(2026, 3, 2, tzinfo=warsaw)
    make_redemption(code="SUNDAY", created_at=midnight - timedelta(seconds=1))
    make_redemption(code="MONDAY", created_at=midnight)
    make_redemption(code="NIGHT", created_at=midnight + timedelta(days=1, seconds=-1))
    make_redemption(code="TUESDAY", created_at=midnight + timedelta(days=1))
    with timezone.override(warsaw):
        assert found({"date_from": "2026-03-02", "date_to": "2026-03-02"}) == {"MONDAY", "NIGHT"}


def test_the_zone_is_named_beside_the_dates(client):
    client.force_login(make_user("User", time_zone="Europe/Warsaw"))
    assert "Europe/Warsaw" in client.get("/redemptions/").content.decode()


def test_a_preset_counts_back_from_now():
    now = timezone.now()
    make_redemption(code="NOW", created_at=now - timedelta(minutes=1))
    make_redemption(code="OLD", created_at=now - timedelta(days=8))
    assert found({"period": "7d"}) == {"NOW"}


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ({"date_from": "yesterday"}, "From"),
        ({"date_from": "2026-03-02", "date_to": "2026-03-01"}, "To"),
        ({"reason": "because"}, "Reason"),
        ({"status": "DONE"}, "Status"),
        ({"period": "1y"}, "Period"),
        ({"amount_min": "much"}, "Amount from"),
        ({"metadata_value": "7"}, "Metadata key"),
        ({"code": "A\x00B"}, "Code"),
    ],
)
def test_what_cannot_be_understood_shows_no_rows_and_says_where(client, question, about):
    client.force_login(make_user("User"))
    make_redemption(code="SECRET-1")
    page = client.get("/redemptions/", question).content.decode()
    assert "SECRET-1" not in page
    assert "shows nothing" in page
    assert about in page


def test_the_active_filters_stand_above_the_list_and_can_be_taken_out_one_by_one(client):
    client.force_login(make_user("User"))
    answer = client.get("/redemptions/", {"status": ["FAILED", "SUCCEEDED"], "code": "A*"})
    chips = {(chip.label, chip.value): chip.query for chip in answer.context["chips"]}
    assert chips[("Status", "Failed")] == "?status=SUCCEEDED&code=A%2A"
    assert ("Code", "A*") in chips


def test_administrators_ask_by_user():
    marta = make_user("User", username="marta")
    make_redemption(code="HERS", channel_type="USER", user=marta)
    make_redemption(code="OTHER")
    assert found({"user": "marta"}, user=make_user("Administrator")) == {"HERS"}


@pytest.mark.parametrize("role", ["User", "Viewer", "Merchant"])
def test_the_filter_by_user_tells_the_same_of_a_user_who_exists_and_of_one_who_does_not(client, role):
    marta = make_user("User", username="marta")
    make_redemption(code="HERS", channel_type="USER", channel_name="marta", user=marta)
    client.force_login(make_user(role))
    pages = []
    for name in ("marta", "nobody-of-this-name"):
        for value in (name, f" {name} "):
            answer = client.get("/redemptions/", {"user": value, "code": "HERS"})
            assert list(answer.context["page"].rows) == []
            pages.append(answer.content.decode().replace(name, "NAME"))
    assert "no permission" in pages[0]
    assert "HERS</code>" not in "".join(pages)
    stripped = {strip_changing(page) for page in pages}
    assert len(stripped) == 1
    assert 'name="user"' not in client.get("/redemptions/").content.decode()


def strip_changing(page: str) -> str:
    """The page without what differs between any two answers: the token of its forms and the query as typed."""
    return re.sub(r'(value|data-csrf)="[^"]{64}"|user=\+?NAME\+?', "", page)


def test_the_filter_by_user_is_refused_to_an_export_of_someone_who_may_not_ask():
    make_redemption(code="HERS", user=make_user("User", username="marta"))
    asked = RedemptionFilter({"user": "marta"}, Redemption.objects.all(), user=make_user("User"))
    assert not asked.is_valid()
    assert asked.rows().count() == 0


def test_the_panel_offers_the_newest_campaigns_and_loads_no_more(client):
    for number in range(120):
        make_campaign(name=f"Campaign no {number:03}")
    client.force_login(make_user("User"))
    page = client.get("/redemptions/").content.decode()
    assert '<option value="Campaign no 119">' in page
    assert "Campaign no 000" not in page
