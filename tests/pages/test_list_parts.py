"""What a list tells besides its rows: how many came since, and which filter left none."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from redemptions.models import Redemption
from tests.factories import make_redemption, make_user
from voucherify_admin.api.models import ApiCall, new_request_id
from voucherify_admin.pages import fragments
from voucherify_admin.pages.counting import count_up_to

pytestmark = pytest.mark.django_db

LIST = "/redemptions/"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def person(client):
    user = make_user("User")
    client.force_login(user)
    return user


def news_address(client, address: str = LIST) -> str | None:
    found = re.search(r'data-live="([^"]+)"', client.get(address).content.decode())
    return found and found[1].replace("&amp;", "&")


def told(client, address: str) -> str:
    text = client.get(address, headers=HTMX).content.decode()
    assert "<html" not in text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


# --- live -----------------------------------------------------------------------------------------------------------


def test_the_newest_page_learns_how_many_attempts_came_since_that_answer_its_question(client):
    make_redemption(code="SPRING-1")
    address = news_address(client, f"{LIST}?code=SPRING-1")
    assert told(client, address) == ""
    make_redemption(code="SPRING-1")
    make_redemption(code="OTHER")
    assert told(client, address) == "1 new attempt · show"
    make_redemption(code="SPRING-1")
    assert told(client, address) == "2 new attempts · show"
    assert 'href="/redemptions/?code=SPRING-1"' in client.get(address, headers=HTMX).content.decode()


def test_very_many_new_rows_are_not_counted_to_the_end(client, monkeypatch):
    monkeypatch.setattr(fragments, "MAX_NEW", 5)
    make_redemption()
    address = news_address(client)
    for _ in range(4):
        make_redemption()
    assert told(client, address) == "4 new attempts · show"
    for _ in range(3):
        make_redemption()
    assert told(client, address) == "4+ new attempts · show"


def test_an_empty_list_learns_of_its_first_row(client):
    address = news_address(client)
    assert told(client, address) == ""
    make_redemption(created_at=timezone.now() + timedelta(seconds=1))
    assert told(client, address) == "1 new attempt · show"


def test_only_the_newest_page_of_a_live_list_looks_for_new_rows(client):
    now = timezone.now()
    for number in range(60):
        make_redemption(created_at=now - timedelta(minutes=number))
    older = client.get(LIST).context["page"].older
    assert news_address(client) is not None
    assert news_address(client, f"{LIST}?after={older}") is None
    assert news_address(client, f"{LIST}?status=LOST") is None
    assert news_address(client, "/vouchers/") is None
    inside = client.get(LIST, headers={**HTMX, "HX-Target": "uses"})
    assert "data-live" not in inside.content.decode()


def test_the_log_is_live_too(client):
    def call() -> None:
        ApiCall.objects.create(
            created_at=timezone.now(), request_id=new_request_id(), method="GET", path="/v1/x", status=200,
            duration_ms=1, channel="API",
        )  # fmt: skip

    call()
    address = news_address(client, "/log/")
    call()
    assert told(client, address) == "1 new call · show"


@pytest.mark.parametrize("address", ["view=news&around=garbage", "view=news", "view=news&around=&status=LOST"])
def test_a_place_or_a_question_that_is_none_has_no_news(client, address):
    make_redemption()
    assert told(client, f"{LIST}?{address}") == ""


def test_news_cost_one_query_beside_the_persons(client):
    make_redemption()
    address = news_address(client)
    client.get(address, headers=HTMX)
    with CaptureQueriesContext(connection) as captured:
        client.get(address, headers=HTMX)
    asked = [query["sql"] for query in captured if "redemptions_redemption" in query["sql"]]
    assert len(asked) == 1
    assert "LIMIT 100" in asked[0]


# --- empty ----------------------------------------------------------------------------------------------------------


def test_an_empty_list_says_of_each_filter_how_many_rows_there_would_be_without_it(client):
    for _ in range(3):
        make_redemption(code="BF-1", metadata={"till": "4"})
    make_redemption(code="OTHER", metadata={"till": "9"})
    question = "code=BF&code_op=starts&metadata_key=till&metadata_value=9"
    page = client.get(f"{LIST}?{question}").content.decode()
    assert "Nothing matches all of these filters together" in page
    assert 'href="/redemptions/?metadata_key=till&amp;metadata_value=9"' in page
    assert told(client, f"{LIST}?{question}&view=without") == (
        "without Code: starts with BF — 1 without Metadata: till = 9 — 3"
    )
    # The number is what the link's list shows.
    assert len(client.get(f"{LIST}?metadata_key=till&metadata_value=9").context["page"].rows) == 1


def test_a_filter_of_several_values_is_taken_away_whole(client):
    make_redemption(code="A")
    text = told(client, f"{LIST}?status=FAILED&status=ROLLED_BACK&reason_not=voucher_expired&view=without")
    assert "without Status: Failed, Rolled back — 1" in text


def test_many_rows_are_counted_up_to_a_bound_and_few_filters_are_named(client, monkeypatch):
    monkeypatch.setattr(fragments, "MAX_WITHOUT", 3)
    for _ in range(4):
        make_redemption()
    assert told(client, f"{LIST}?code=NONE&view=without") == "without Code: NONE — 3+"
    question = "&".join(f"metadata_key=k{number}&metadata_op=is&metadata_value=1" for number in range(12))
    assert told(client, f"{LIST}?{question}&view=without").count("without") == 8


def test_a_filter_that_another_one_needs_is_named_without_a_number(client):
    client.force_login(make_user("Administrator"))
    text = told(client, "/log/?text=nothing-like-it&period=today&view=without")
    assert "without Text in the bodies: nothing-like-it — 0" in text
    assert re.search(r"without Period: Today(?! —)", text)


def test_what_would_take_too_long_is_not_counted():
    make_redemption()
    slow = RawSQL("(SELECT count(*) > 0 FROM pg_sleep(5))", (), output_field=BooleanField())
    assert count_up_to(Redemption.objects.filter(slow), 10, milliseconds=50) is None
    assert count_up_to(Redemption.objects.all(), 10, milliseconds=1000) == 1
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"


# --- the panel ------------------------------------------------------------------------------------------------------


def test_a_panel_of_filters_that_was_folded_stays_folded_unless_something_in_it_is_wrong(client):
    panel = re.compile(r'<details class="filter-panel"( open)?')
    assert panel.search(client.get(LIST).content.decode())[1]
    client.cookies["filters"] = "folded"
    assert not panel.search(client.get(LIST).content.decode())[1]
    assert panel.search(client.get(f"{LIST}?status=LOST").content.decode())[1]
