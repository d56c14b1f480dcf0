"""The histogram and the facets of the Redemptions view: each number is that of the list behind its link."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from redemptions import counts
from redemptions.filters import RedemptionFilter
from redemptions.models import Redemption
from redemptions.views.explorer import RedemptionExplorer
from tests.factories import make_campaign, make_redemption, make_rollback, make_user

pytestmark = pytest.mark.django_db

EXPLORER = "/redemptions/explorer/"
# Half an hour past midnight in Warsaw; the clocks there went back on 25 October 2026.
NOW = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)
FAILURES = ("voucher_expired", "quantity_exceeded", "not_found")
TILLS = (4, "4", 4.0, 7, "door", True, None, ["a"], {"no": 4}, "", " blank ")
QUESTIONS = [
    "",
    "status=FAILED",
    "status_not=FAILED&reason_not=not_found",
    "status=FAILED&status=ROLLED_BACK&reason=voucher_expired",
    "result=FAILURE&reason_not=voucher_expired",
    "campaign=Spring",
    "campaign=Spring&campaign_op=not",
    "campaign=Old,+Autumn&campaign_op=in",
    "campaign_op=none&campaign=",
    "campaign=umn&campaign_op=not_contains",
    "campaign_op=starts&campaign=S&campaign_op=not&campaign=Summer",
    "channel=USER",
    "channel_not=USER&channel_name=Till&channel_name_op=starts",
    "channel_name=Till+2&channel_name_op=not",
    "code=C-1&code_op=starts",
    "metadata_key=till&metadata_value=4",
    "metadata_key=till&metadata_op=not&metadata_value=4&metadata_key=till&metadata_op=not_contains&metadata_value=oo",
    "metadata_key=shop&metadata_value=Berlin&facet=shop",
    "amount_min=60",
    "period=1h",
    "period=24h&status=FAILED",
    "period=7d",
    "period=30d&campaign=Spring",
    "period=yesterday&zone=Asia/Kolkata",
    "period=last_month&zone=Europe/Warsaw",
    "date_from=2026-10-24&date_to=2026-10-26&zone=Europe/Warsaw",
    "date_from=2026-10-25T01:30&date_to=2026-10-25T03:29&zone=Europe/Warsaw",
    "date_from=2026-10-20T10:17:31&zone=America/New_York&reason=not_found",
    "date_to=2026-10-28&zone=Asia/Kolkata",
    "date_from=2027-01-01",
]


@pytest.fixture
def attempts():
    """Some hundred attempts of ten weeks, thick where the clocks change, of live and of deleted campaigns."""
    spring, summer, old = make_campaign(name="Spring"), make_campaign(name="Summer"), make_campaign(name="Old")
    renamed = make_campaign(name="Outumn")
    user = make_user("User", username="marta.k")
    rows = []
    for number in range(180):
        back = timedelta(minutes=number**2 * 3.1 + number % 7)
        if number % 4 == 0:
            back = NOW - datetime(2026, 10, 24, 22, tzinfo=UTC) - timedelta(minutes=number * 2)
        by_user = number % 9 == 0
        row = make_redemption(
            created_at=NOW - back,
            code=f"C-{number}",
            campaign=[spring, summer, old, None, renamed][number % 5],
            failure_code=FAILURES[number % 3] if number % 2 else "",
            channel_type="USER" if by_user else "API",
            channel_name="marta.k" if by_user else f"Till {number % 3}",
            user=user if by_user else None,
            metadata={"till": TILLS[number % len(TILLS)], "shop": ["Berlin", "Lyon"][number % 2]} if number % 6 else {},
            amount=[None, 5000, 7000][number % 3],
        )
        rows.append(row)
        if number % 10 == 4:
            make_rollback(row)
    old.delete()
    renamed.name = "Autumn"
    renamed.save()
    return rows


def explored(client, question: str):
    answer = client.get(f"{EXPLORER}?{question}")
    assert answer.status_code == 200
    return answer.context["histogram"], answer.context["facets"], answer


def listed(address: str, user) -> int:
    """How many rows the list at an address has."""
    path, _, query = address.partition("?")
    assert path == "/redemptions/"
    request = RequestFactory().get(address)
    request.user = user
    filterset = RedemptionFilter(QueryDict(query), Redemption.objects.all(), request=request)
    assert filterset.is_valid(), (address, filterset.errors_named())
    return filterset.rows().count()


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("ahead", [False, True], ids=["from the attempts", "from the counts"])
@time_machine.travel(NOW, tick=False)
def test_each_number_is_that_of_the_list_behind_it(client, attempts, question, ahead):
    if ahead:
        assert counts.bring_up_to_date(NOW - timedelta(hours=5))
        # Late, changed and gone since: these hours are counted from the attempts.
        make_redemption(created_at=NOW - timedelta(days=3), campaign_name="Old", metadata={"till": 7})
        make_rollback(attempts[30])
        attempts[50].delete()
    user = make_user("Administrator", time_zone="Europe/Warsaw")
    client.force_login(user)
    histogram, facets, _ = explored(client, question)
    assert histogram.total == listed(f"/redemptions/?{question}", user)
    for _, words, number, url in histogram.legend:
        assert not number or listed(url, user) == number, words
    if histogram.drawing:
        bars = histogram.drawing.bars
        assert sum(bar.total for bar in bars) == histogram.total
        assert len(bars) <= 97
        for bar in bars:
            assert listed(bar.url, user) == bar.total, bar.when
            for part in bar.parts:
                assert listed(part.url, user) == part.number, (part.words, bar.when)
    assert [shown.facet.name for shown in facets] == [
        "reason",
        "campaign",
        "status",
        "channel",
        "channel_name",
        "metadata",
    ]
    for shown in facets:
        for entry in shown.entries:
            assert listed(entry.only, user) == entry.number, (shown.facet.name, entry)
            if f"{shown.facet.name}_" not in f"{question}_".replace("=", "_"):
                assert listed(entry.excluding, user) == histogram.total - entry.number, (shown.facet.name, entry)


@time_machine.travel(NOW, tick=False)
def test_a_value_is_left_out_by_one_click_and_marked(client, attempts):
    user = make_user("Administrator")
    client.force_login(user)
    _, facets, _ = explored(client, "campaign=Spring")
    (reason,) = (shown for shown in facets if shown.facet.name == "reason")
    expired = next(entry for entry in reason.entries if entry.words == "Voucher expired")
    before = listed("/redemptions/?campaign=Spring", user)
    assert listed(expired.excluding, user) == before - expired.number > 0
    campaign = next(shown for shown in facets if shown.facet.name == "campaign")
    assert [entry.words for entry in campaign.entries if entry.is_in] == ["Spring"]
    _, facets, answer = explored(client, expired.excluding.partition("?")[2])
    assert [entry.words for shown in facets for entry in shown.entries if entry.is_out] == ["Voucher expired"]
    page = answer.content.decode()
    assert "Voucher expired, excluded: take it out of the question" in page
    out = next(entry for shown in facets for entry in shown.entries if entry.is_out)
    assert listed(out.undo, user) == before


@time_machine.travel(NOW, tick=False)
def test_what_is_asked_for_and_not_found_can_be_taken_out_again(client, attempts):
    client.force_login(make_user("User"))
    _, facets, answer = explored(client, "code=C-1&reason=voucher_disabled&channel_name=Till+77&status_not=ROLLED_BACK")
    shown = [(entry.words, entry.number) for each in facets for entry in each.entries if entry.is_in or entry.is_out]
    assert shown == [("Voucher disabled", 0), ("Rolled back", 0), ("Till 77", 0)]
    assert "is-bare" not in answer.content.decode()


def test_of_very_many_values_it_is_said_that_there_are_more(client):
    client.force_login(make_user("User"))
    for number in range(310):
        make_redemption(metadata={"ticket": f"CARE-{number}"})
    facets, answer = explored(client, "facet=ticket")[1:]
    assert len(facets[-1].entries) == 6
    assert "and more than 294 others" in answer.content.decode()


@time_machine.travel(NOW, tick=False)
def test_colleagues_are_named_to_those_only_who_may_filter_by_them(client, attempts):
    client.force_login(make_user("Administrator"))
    assert "marta.k" in explored(client, "")[2].content.decode()
    for role in ("User", "Viewer", "Merchant"):
        user = make_user(role)
        client.force_login(user)
        for question in ("", "channel_name=marta.k", "channel_name=Till+1&channel_name_op=not"):
            _, facets, answer = explored(client, question)
            names = next(shown for shown in facets if shown.facet.name == "channel_name")
            assert not [entry for entry in names.entries if entry.words == "marta.k" and entry.number]
            for entry in names.entries:
                assert listed(entry.only, user) == entry.number
        assert listed("/redemptions/?channel_name=marta.k", user) == 0
        assert answer.context["facets"][4].facet.label == "API key"


@time_machine.travel(NOW, tick=False)
def test_the_key_of_the_address_is_counted_and_stays_chosen(client, attempts):
    client.force_login(make_user("User"))
    _, facets, answer = explored(client, "status=FAILED&facet=shop")
    assert facets[-1].facet.key == "shop"
    assert [entry.words for entry in facets[-1].entries] == ["Lyon"]  # in this story all that failed was there
    page = answer.content.decode()
    assert '<option value="shop" selected>' in page
    assert '<input type="hidden" name="status" value="FAILED">' in page
    assert "facet=shop" in facets[0].entries[0].only
    # A key that no row has any more is no error.
    assert explored(client, "facet=nothing")[1][-1].entries == []
    assert client.get(EXPLORER, {"facet": "a\x00b"}).status_code == 200


def test_the_list_comes_first_and_asks_for_the_rest(client):
    client.force_login(make_user("User"))
    make_redemption(code="SPRING-1")
    with CaptureQueriesContext(connection) as queries:
        page = client.get("/redemptions/", {"status": "SUCCEEDED", "after": ""}).content.decode()
    assert 'hx-get="/redemptions/explorer/?status=SUCCEEDED"' in page
    assert '<a class="no-js-only" href="/redemptions/explorer/?status=SUCCEEDED">Show the histogram' in page
    assert not [query for query in queries if "GROUP BY value" in query["sql"]]
    fragment = client.get(f"{EXPLORER}?status=SUCCEEDED", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "<svg" in fragment
    whole = client.get(f"{EXPLORER}?status=SUCCEEDED").content.decode()
    assert "<html" in whole
    assert 'href="/redemptions/?status=SUCCEEDED"' in whole


def test_a_bar_says_what_it_is(client):
    client.force_login(make_user("User", time_zone="Europe/Warsaw"))
    make_redemption(created_at=datetime(2026, 11, 3, 13, 20, tzinfo=UTC), failure_code="voucher_expired")
    make_redemption(created_at=datetime(2026, 11, 2, 13, 20, tzinfo=UTC))
    page = client.get(f"{EXPLORER}?date_from=2026-11-02&date_to=2026-11-04").content.decode()
    assert "<title>Failed · 1 · 3 Nov 14:00–15:00</title>" in page
    assert "date_from=2026-11-03T14%3A00&amp;date_to=2026-11-03T14%3A59&amp;zone=Europe%2FWarsaw" in page
    assert '<th scope="row"><a href="' in page  # the same as a table
    assert "style=" not in page.partition("<main")[2].partition("</main>")[0]


def test_where_nothing_was_tried_yet_the_list_has_the_word(client):
    client.force_login(make_user("User"))
    page = client.get(EXPLORER, headers={"HX-Request": "true"}).content.decode()
    assert 'class="explorer-wait is-bare"' in page
    assert "<svg" not in page


def test_strangers_and_people_without_the_permission_get_nothing(client):
    assert client.get(EXPLORER).status_code == 302
    client.force_login(make_user(role=""))
    assert client.get(EXPLORER).status_code == 403


def test_a_question_that_cannot_be_understood_counts_nothing(client):
    client.force_login(make_user("User"))
    make_redemption()
    for question in ("status=LOST", "metdata_key=till", "date_from=soon", "user=marta.k", "period=7d&period=x"):
        answer = client.get(f"{EXPLORER}?{question}", headers={"HX-Request": "true"})
        assert answer.status_code == 200
        assert "cannot be understood" in answer.content.decode()
        assert "hx-get" not in client.get(f"/redemptions/?{question}").content.decode().partition("<main")[2]


def test_only_the_newest_are_counted_of_very_many_and_that_is_said(client, monkeypatch):
    monkeypatch.setattr(RedemptionExplorer, "at_most", 20)
    client.force_login(make_user("User"))
    for number in range(30):
        make_redemption(created_at=NOW - timedelta(hours=number), code=f"C-{number}", metadata={"till": 4})
    histogram, facets, answer = explored(client, "code=C&code_op=starts")
    assert histogram.is_cut
    assert histogram.total == 20
    assert facets[-1].entries[0].number == 20
    page = answer.content.decode()
    assert "the newest 20 only" in page
    assert "of the newest 20 attempts" in page
    # Counted ahead they are exact again, but for what the counts do not tell apart.
    counts.bring_up_to_date(NOW)
    histogram, facets, _ = explored(client, "")
    assert (histogram.total, histogram.is_cut) == (30, False)
    assert [shown.is_cut for shown in facets] == [False] * 5 + [True]


def test_what_takes_too_long_is_left_out_and_said(client, monkeypatch):
    monkeypatch.setattr(RedemptionExplorer, "seconds_left", lambda self: 0.001)
    # Each row takes PostgreSQL ten times as long as it has for all of them.
    slow = Redemption.objects.extra(where=["pg_sleep(0.01)::text IS NOT NULL"])
    monkeypatch.setattr(RedemptionExplorer, "queryset", lambda self: slow.all())
    client.force_login(make_user("User"))
    for number in range(300):
        make_redemption(code=f"C-{number}")
    answer = client.get(f"{EXPLORER}?code=C&code_op=contains")
    assert answer.status_code == 200
    assert "Counting took too long" in answer.content.decode()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


@time_machine.travel(NOW, tick=False)
def test_more_rows_cost_no_more_queries(client, attempts):
    client.force_login(make_user("User"))
    counts.bring_up_to_date(NOW)
    with CaptureQueriesContext(connection) as few:
        explored(client, "period=30d&status=FAILED")
    for number in range(60):
        make_redemption(created_at=NOW - timedelta(hours=number * 3), campaign=make_campaign())
    counts.bring_up_to_date(NOW)
    with CaptureQueriesContext(connection) as many:
        explored(client, "period=30d&status=FAILED")
    assert len(many) == len(few) <= 45
