"""Each person chooses the columns of a list; the choice is remembered, and never breaks or slows a list."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from redemptions.models import Redemption
from tests.factories import make_campaign, make_customer, make_redemption, make_user, make_voucher
from voucherify_admin.api.models import ApiCall, new_request_id
from voucherify_admin.pages import columns
from voucherify_admin.pages.views import FilteredListView
from vouchers.models import GiftTransaction

pytestmark = pytest.mark.django_db

LIST = "/redemptions/"
STANDARD = ["Time", "Status", "Code", "Campaign", "Customer", "Amount", "Reason", "Channel"]


@pytest.fixture
def person(client):
    user = make_user("User")
    client.force_login(user)
    return user


def heads(client, address=LIST, **headers) -> list[str]:
    """The heads of the columns; an empty list has none."""
    if not Redemption.objects.exists():
        make_redemption()
    return re.findall(r"<th scope=\"col\"[^>]*>([^<]*)</th>", client.get(address, **headers).content.decode())


def lines(response) -> list[str]:
    return re.findall(r'name="column" value="([^"]*)"', response.content.decode())


def choose(client, shown, *, address=LIST, **more):
    form = {"column": shown, "place": [str(place + 1) for place in range(len(shown))], "show": shown, **more}
    return client.post(f"{address}?view=columns", form)


def test_chosen_columns_stand_in_the_chosen_order_with_metadata_among_them(client, person):
    make_redemption(code="SPRING-1", discount_amount=1250, metadata={"till": "4", "cart": {"items": 2}})
    make_redemption(code="SPRING-2")
    answer = choose(client, ["code", "metadata.till", "discount_amount", "metadata.cart", "created_at"])
    assert answer.status_code == 302
    assert heads(client) == ["Code", "till", "Discount", "cart", "Time"]
    text = client.get(LIST).content.decode()
    assert "€12.50" in text
    assert ">4</td>" in text
    assert "{&quot;items&quot;: 2}" in text


def test_a_choice_is_one_persons_and_one_lists(client, person):
    choose(client, ["code", "created_at"])
    assert heads(client) == ["Code", "Time"]
    assert "Method" not in heads(client, "/log/")
    client.force_login(make_user("User"))
    assert heads(client) == STANDARD


def test_two_lists_chosen_in_two_windows_are_both_kept(client, person):
    other = type(person).objects.get(pk=person.pk)
    columns.remember(person, "redemptions", columns.Choice(("code",)))
    columns.remember(other, "vouchers", columns.Choice(("code",)))
    person.refresh_from_db()
    assert set(person.list_choices) == {"redemptions", "vouchers"}


def test_the_list_keeps_its_question_while_its_columns_are_chosen(client, person):
    make_redemption(code="SPRING-1")
    page = client.get(f"{LIST}?code=SPRING-1").content.decode()
    assert 'href="/redemptions/?code=SPRING-1&amp;view=columns"' in page
    answer = client.post(f"{LIST}?code=SPRING-1&view=columns", {"column": ["code"], "place": ["1"], "show": ["code"]})
    assert answer.url == "/redemptions/?code=SPRING-1"


def test_without_a_script_a_button_moves_a_column_and_keeps_nothing_yet(client, person):
    first = client.get(f"{LIST}?view=columns")
    names = lines(first)
    assert names[:3] == ["created_at", "status", "code"]
    form = {"column": names, "place": [str(place + 1) for place in range(len(names))], "show": names[:8]}
    moved = client.post(f"{LIST}?view=columns", {**form, "move": "up:code"})
    assert lines(moved)[:3] == ["created_at", "code", "status"]
    back = client.post(f"{LIST}?view=columns", {**form, "move": "down:created_at"})
    assert lines(back)[:3] == ["status", "created_at", "code"]
    assert heads(client) == STANDARD


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ({"code": "1"}, ["code", "created_at", "status", "campaign"]),
        ({"created_at": "3"}, ["status", "code", "created_at", "campaign"]),
        ({"campaign": "2"}, ["created_at", "campaign", "status", "code"]),
        ({"code": "x"}, ["created_at", "status", "code", "campaign"]),
        ({"created_at": "99"}, ["status", "code", "campaign", "created_at"]),
    ],
)
def test_without_a_script_a_number_puts_a_column_at_its_place(client, person, places, order):
    names = ["created_at", "status", "code", "campaign"]
    numbers = [places.get(name, str(place + 1)) for place, name in enumerate(names)]
    client.post(f"{LIST}?view=columns", {"column": names, "place": numbers, "show": names})
    person.refresh_from_db()
    assert columns.choice_of(person, "redemptions").columns == tuple(order)


def test_any_metadata_key_can_be_added_and_those_of_the_newest_rows_are_offered(client, person):
    make_redemption(metadata={"till": "4"})
    page = client.get(f"{LIST}?view=columns").content.decode()
    assert '<option value="till">' in page
    added = client.post(f"{LIST}?view=columns", {"column": ["code"], "place": ["1"], "show": ["code"], "add": "till"})
    assert lines(added)[:2] == ["code", "metadata.till"]
    choose(client, ["code"], key="never seen.before")
    assert heads(client) == ["Code", "never seen.before"]


def test_who_may_not_know_users_is_offered_no_column_of_them_and_gets_none(client, person):
    make_redemption(channel_type="USER", channel_name="marta.k")
    assert "user" not in lines(client.get(f"{LIST}?view=columns"))
    choose(client, ["code", "user"])
    assert heads(client) == ["Code"]
    person.list_choices = {"redemptions": {"columns": ["user", "code", "channel", "gone"]}}
    person.save()
    assert heads(client) == ["Code", "Channel"]
    assert "marta.k" not in client.get(LIST).content.decode()
    administrator = make_user("Administrator")
    client.force_login(administrator)
    choose(client, ["code", "user", "api_key"])
    assert heads(client) == ["Code", "User", "API key"]
    assert "marta.k" in client.get(LIST).content.decode()


@pytest.mark.parametrize(
    "stored", [None, [], "x", {"columns": "x"}, {"columns": [1, None]}, {"columns": [], "size": 7, "density": 3}]
)
def test_what_is_stored_and_is_no_choice_shows_the_standard(client, person, stored):
    person.list_choices = {"redemptions": stored}
    person.save()
    assert heads(client) == STANDARD


def test_the_standard_comes_back_and_a_choice_like_it_is_none(client, person):
    choose(client, ["code"], density="compact", size="25")
    client.post(f"{LIST}?view=columns", {"standard": "yes"})
    assert heads(client) == STANDARD
    person.refresh_from_db()
    assert person.list_choices == {}
    choose(client, ["created_at", "status", "code", "campaign", "customer", "amount", "reason", "channel"])
    person.refresh_from_db()
    assert person.list_choices == {}


def test_rows_are_dense_and_as_many_a_page_as_chosen(client, person):
    for number in range(30):
        make_redemption(created_at=timezone.now() - timedelta(minutes=number))
    choose(client, ["code"], density="compact", size="25")
    answer = client.get(LIST)
    assert "is-compact" in answer.content.decode()
    assert len(answer.context["page"].rows) == 25
    assert len(client.get(LIST, {"after": answer.context["page"].older}).context["page"].rows) == 5


def test_no_column_at_all_is_refused_and_what_was_ticked_stays(client, person):
    answer = client.post(f"{LIST}?view=columns", {"column": ["code"], "place": ["1"]})
    assert answer.status_code == 422
    assert "Choose one column at least." in answer.content.decode()
    too_long = choose(client, ["code"], key="k" * 201)
    assert "200 characters at the most" in too_long.content.decode()
    assert heads(client) == STANDARD


def test_a_list_inside_another_page_has_its_own_few_columns(client, person):
    make_redemption(code="SPRING-1")
    choose(client, ["id"])
    inside = {"headers": {"HX-Request": "true", "HX-Target": "uses"}}
    assert heads(client, f"{LIST}?code=SPRING-1", **inside) == STANDARD


def test_who_may_not_see_a_list_cannot_choose_its_columns(client):
    client.force_login(make_user(role=""))
    assert choose(client, ["code"]).status_code == 403


def test_a_list_that_remembers_nothing_takes_no_choice(client):
    client.force_login(make_user("Administrator"))
    assert choose(client, ["code"], address="/exports/").status_code == 405
    assert client.post(LIST, {"column": ["code"]}).status_code == 405


def test_another_room_learns_what_is_on_the_screen(person):
    from redemptions.tables import RedemptionTable

    assert columns.columns_of(person, "redemptions", RedemptionTable) is None
    columns.remember(person, "redemptions", columns.Choice(("metadata.till", "user", "code")))
    assert columns.columns_of(person, "redemptions", RedemptionTable) == ["metadata.till", "code"]


def fill() -> None:
    """One row more in every list."""
    now = timezone.now()
    campaign = make_campaign()
    voucher = make_voucher(campaign=campaign, holder=make_customer(name="Ana Gómez"), metadata={"k": 1})
    parent = make_redemption(order={"id": "ord_1"})
    make_redemption(voucher=voucher, parent=parent, order={"id": "ord_2"}, metadata={"k": "v"})
    ApiCall.objects.create(
        created_at=now,
        request_id=new_request_id(),
        method="GET",
        path="/v1/x",
        status=200,
        duration_ms=1,
        channel="API",
    )
    GiftTransaction.objects.create(
        voucher=voucher, voucher_public_id=voucher.public_id, code=voucher.code, type="CREDITS_ADDITION", amount=5,
        balance=5, total=5,
    )  # fmt: skip


@pytest.mark.parametrize("address", [LIST, "/log/", "/vouchers/", "/campaigns/", "/customers/", "/transactions/"])
def test_no_column_of_any_list_costs_a_query_a_row_and_a_choice_costs_none(client, address):
    client.force_login(make_user("Administrator"))
    fill()

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(address).status_code == 200
        return len(captured)

    queries()
    standard = queries()
    every = [*lines(client.get(f"{address}?view=columns"))]
    if "metadata" in client.get(f"{address}?view=columns").content.decode():
        every.append("metadata.k")
    assert len(every) > 8
    assert choose(client, every, address=address).status_code == 302
    assert len(heads(client, address)) == len(every)
    assert queries() == standard
    for _ in range(4):
        fill()
    assert queries() == standard


def test_every_list_with_a_name_has_another_one(client):
    named = [view for view in FilteredListView.__subclasses__() if view.list_name]
    assert len(named) == len({view.list_name for view in named}) >= 6


def test_ids_are_copied_beside_the_rows_link_never_within_it(client, person):
    attempt = make_redemption(code="SPRING-1")
    choose(client, ["id", "code"])
    text = client.get(LIST).content.decode()
    link = re.search(r'<a class="row-link" href="/redemptions/[^"]*">(.*?)</a>', text)
    assert attempt.public_id in link[1]
    assert "<button" not in link[1]
    assert f'data-copy="{attempt.public_id}"' in text
    assert 'data-copy="SPRING-1"' in text


def test_the_time_in_the_list_is_exact_and_its_title_is_in_utc(client):
    client.force_login(make_user("User", time_zone="Europe/Warsaw"))
    moment = timezone.now().replace(month=7, day=1, hour=9, minute=7, second=41)
    make_redemption(created_at=moment)
    assert f'title="{moment.year}-07-01 09:07:41 UTC">1 Jul 11:07:41</time>' in client.get(LIST).content.decode()
