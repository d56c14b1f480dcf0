"""Every page asks who is there, and a list shows what was asked for and nothing else."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django_tables2
import pytest
from django.conf import settings as django_settings
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import include, path
from django.utils import timezone
from django.views.generic import TemplateView

from redemptions.models import Redemption
from tests.factories import PASSWORD, make_redemption, make_user
from voucherify_admin.pages import show
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, TextFilter
from voucherify_admin.pages.tables import BaseTable, CodeColumn, MoneyColumn, StatusColumn, TimeColumn
from voucherify_admin.pages.views import FilteredListView, StaffMixin

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

ROOT = Path(django_settings.BASE_DIR)
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


class AttemptFilter(BaseFilter):
    time_field = "created_at"
    primary = ("code", "status")
    code = TextFilter(label="Code")
    status = ChoicesFilter(label="Status", choices=Redemption.Status.choices)

    class Meta:
        model = Redemption
        fields: list[str] = []


class AttemptTable(BaseTable):
    created_at = TimeColumn(verbose_name="Time")
    status = StatusColumn()
    code = CodeColumn()
    amount = MoneyColumn()
    campaign_name = django_tables2.Column(verbose_name="Campaign")

    def row_link(self, record):
        return f"/attempts/{record.public_id}/"


class AttemptListView(FilteredListView):
    queryset = Redemption.objects.for_list()
    filterset_class = AttemptFilter
    table_class = AttemptTable
    permission_required = "redemptions.view_redemption"
    title = "Attempts"
    page_size = 5


class SecretView(StaffMixin, TemplateView):
    template_name = "base.html"
    permission_required = ("redemptions.view_redemption", "redemptions.roll_back")
    title = "Secret"


urlpatterns = [
    path("attempts/", AttemptListView.as_view(), name="attempts"),
    path("redemptions/", include(([path("", AttemptListView.as_view(), name="list")], "redemptions"))),
    path("secret/", SecretView.as_view()),
    path("account/", include("voucherify_admin.accounts.urls")),
]


@pytest.fixture
def viewer(client):
    user = make_user("Viewer", time_zone="Europe/Warsaw")
    client.force_login(user)
    return user


def rows(response) -> int:
    return response.content.decode().count('<tr class="has-link">')


# --- who may --------------------------------------------------------------------------------------------------------


def test_a_stranger_is_led_to_sign_in_and_back(client):
    make_user("Viewer", username="vera")
    response = client.get("/attempts/?code=A%20B&after=x")
    assert response.status_code == 302
    assert response.url == "/account/sign-in/?next=/attempts/%3Fcode%3DA%2520B%26after%3Dx"
    form = client.get(response.url)
    assert 'value="/attempts/?code=A%20B&amp;after=x"' in form.content.decode()
    answer = client.post("/account/sign-in/", {"login": "vera", "password": PASSWORD, "next": "/attempts/?code=A"})
    assert answer.url == "/attempts/?code=A"


def test_a_fragment_asked_for_after_the_session_ended_sends_the_whole_page_to_sign_in(client):
    response = client.get(
        "/attempts/", headers={"HX-Request": "true", "HX-Current-URL": "http://evil.example/attempts/?code=A"}
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == "/account/sign-in/?next=%2Fattempts%2F%3Fcode%3DA"


def test_who_lacks_a_permission_reads_which_one(client, viewer):
    response = client.get("/secret/")
    text = response.content.decode()
    assert response.status_code == 403
    assert "Can roll back redemptions" in text
    assert "Can view redemption" not in text
    assert viewer.username in text
    assert "Viewer" in text


@pytest.mark.parametrize(
    "address",
    [
        "/vouchers/%00/",
        "/campaigns/%00/",
        "/customers/%00/",
        "/exports/%00/",
        "/exports/%00/download/",
        "/notifications/%00/",
        "/log/%00/",
        "/redemptions/%00/",
    ],
)
@pytest.mark.urls("voucherify_admin.urls")
def test_an_address_with_a_nul_names_nothing(client, address):
    client.force_login(make_user("Administrator"))
    assert client.get(address).status_code == 404


def test_a_wrong_password_is_said_and_the_name_stays(client):
    text = client.post("/account/sign-in/", {"login": "vera", "password": "wrong"}).content.decode()
    assert 'role="alert"' in text
    assert 'value="vera"' in text
    assert "password/reset" not in text


@pytest.mark.urls("voucherify_admin.urls")
def test_nobody_signs_in_while_wrong_passwords_cannot_be_counted(client, settings):
    make_user("Viewer", username="vera")
    redis = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": redis, "LOCATION": "redis://127.0.0.1:1/0"}}
    response = client.post("/account/sign-in/", {"login": "vera", "password": PASSWORD})
    assert response.status_code == 503
    assert "Signing in has to wait a moment" in response.content.decode()
    assert client.get("/").status_code == 302


def test_pages_leave_nothing_in_the_browser(client, viewer):
    response = client.get("/attempts/")
    assert "no-store" in response["Cache-Control"]
    assert "HX-Request" in response["Vary"]


def test_pages_work_under_a_policy_without_inline_script_or_style(client, viewer):
    make_redemption()
    for text in (client.get("/attempts/?status=LOST").content.decode(), client.get("/attempts/").content.decode()):
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
        assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_the_navigation_holds_what_exists_and_is_allowed_and_marks_where_one_is(client, viewer):
    text = client.get("/redemptions/").content.decode()
    assert '<a href="/redemptions/" aria-current="page">' in text
    assert "Administration" not in text
    assert ">Vouchers" not in text  # this test has no such address


# --- lists ----------------------------------------------------------------------------------------------------------


def test_a_list_is_walked_by_its_links_with_its_filter_kept(client, viewer):
    for number in range(12):
        make_redemption(code="A", created_at=NOON + timedelta(seconds=number // 3))
    make_redemption(code="B")
    seen: list[str] = []
    address = "/attempts/?code=A"
    while address:
        text = client.get(address).content.decode()
        seen += re.findall(r'class="row-link" href="/attempts/(\w+)/"', text)
        older = re.search(r'rel="next" href="([^"]+)"', text)
        address = older[1].replace("&amp;", "&") if older else None
        assert address is None or "code=A" in address
    expected = Redemption.objects.filter(code="A").order_by("-created_at", "-id").values_list("public_id", flat=True)
    assert seen == list(expected)


def test_a_list_asks_the_same_few_queries_however_many_rows(client, viewer, django_assert_num_queries):
    make_redemption()
    client.get("/attempts/")
    with django_assert_num_queries(6):  # session, person, their permissions (2), their role; the rows
        client.get("/attempts/")
    for _ in range(20):
        make_redemption()
    with django_assert_num_queries(6):
        assert rows(client.get("/attempts/")) == 5


def test_a_filter_that_is_wrong_shows_no_rows_and_names_the_field(client, viewer):
    make_redemption()
    response = client.get("/attempts/?status=LOST&date_from=soon")
    text = response.content.decode()
    assert rows(response) == 0
    assert "<b>Status:</b>" in text
    assert "“soon” is not a date" in text
    assert 'value="soon"' in text


def test_a_broken_place_in_the_list_is_an_error_and_no_rows(client, viewer):
    make_redemption()
    response = client.get("/attempts/?after=garbage")
    assert response.status_code == 200
    assert rows(response) == 0
    assert "names no place in this list" in response.content.decode()


def test_a_misspelt_filter_shows_nothing_rather_than_everything_and_says_so(client, viewer):
    make_redemption()
    page = client.get("/attempts/?stauts=FAILED")
    assert rows(page) == 0
    assert "There is no filter “stauts” here" in page.content.decode()


def test_the_marks_of_a_link_in_a_mail_are_no_filter(client, viewer):
    make_redemption()
    assert rows(client.get("/attempts/?utm_source=mail&fbclid=1")) == 1


def test_an_empty_answer_names_the_filters_and_the_way_back(client, viewer):
    make_redemption()
    text = client.get("/attempts/?code=NONE&status=FAILED").content.decode()
    assert "Nothing matches all of these filters together" in text
    assert "Code: NONE" in text
    assert "Show everything" in text
    assert "Nothing matches" not in client.get("/attempts/").content.decode()


def test_htmx_gets_the_list_alone_and_an_embedded_one_without_chips(client, viewer):
    make_redemption(code="A")
    own = client.get("/attempts/?code=A", headers={"HX-Request": "true", "HX-Target": "list"}).content.decode()
    embedded = client.get("/attempts/?code=A", headers={"HX-Request": "true", "HX-Target": "uses"}).content.decode()
    back = client.get("/attempts/?code=A", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" not in own
    assert "Active filters" in own
    assert "has-link" in embedded
    assert "Active filters" not in embedded
    assert "<html" in back.content.decode()


def test_cells_are_escaped_and_times_are_local(client, viewer):
    make_redemption(code="<script>alert(1)</script>", campaign_name="<b>x</b>", created_at=NOON, amount=-123456)
    text = client.get("/attempts/").content.decode()
    assert "<script>alert" not in text
    assert "&lt;b&gt;x&lt;/b&gt;" in text
    assert re.search(
        r'<time datetime="2026-11-27T12:00:00.000Z" title="2026-11-27 12:00:00 UTC">27 Nov.* 13:00</time>', text
    )
    assert "−€1,234.56" in text


# --- values ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cents", "currency", "text"),
    [
        (0, "EUR", "€0.00"),
        (5, "EUR", "€0.05"),
        (123456789, "USD", "$1,234,567.89"),
        (-50, "EUR", "−€0.50"),
        (1050, "PLN", "10.50\N{NO-BREAK SPACE}PLN"),
        (None, "EUR", "—"),
    ],
)
def test_money_is_written_from_whole_cents(settings, cents, currency, text):
    settings.CURRENCY = currency
    assert show.money(cents) == text


def test_a_time_in_a_list_tells_the_year_only_when_it_is_another_one_and_seconds_in_its_title():
    this_year = timezone.now().replace(month=3, day=5, hour=9, minute=7, second=41)
    assert show.time(this_year, short=True).endswith(f'{this_year:%Y}-03-05 09:07:41 UTC">5 Mar 09:07</time>')
    assert ">5 Mar 2019 09:07</time>" in show.time(this_year.replace(year=2019), short=True)


def test_a_status_is_a_word_and_a_shape():
    assert "Rolled back" in show.status("ROLLED_BACK")
    assert "#arrow-back-up" in show.status("ROLLED_BACK")
    assert "Something new" in show.status("SOMETHING_NEW")
    assert "status-bad" in show.status(500)


def test_json_is_indented_and_escaped_and_other_text_left_alone():
    template = Template("{% json_block value %}")
    assert "&lt;b&gt;" in template.render(Context({"value": {"a": "<b>"}}))
    assert "not { json" in template.render(Context({"value": "not { json"}))
    assert "&quot;a&quot;: 1" in template.render(Context({"value": '{"a":1}'}))


def test_a_query_is_changed_in_one_part_and_leaves_its_place():
    request = RequestFactory().get("/?status=A&status=B&code=x&after=y")
    render = lambda text: Template(text).render(Context({"request": request}, autoescape=False))  # noqa: E731
    assert render("{% query_with code='z' %}") == "?status=A&amp;status=B&amp;code=z".replace("&amp;", "&")
    assert render("{% query_with status=None before='b' %}") == "?code=x&before=b"


def test_every_icon_that_is_named_is_in_the_sprite():
    known = set(re.findall(r'<symbol id="([^"]+)"', (ROOT / "static/img/icons.svg").read_text()))
    named = set()
    for template in (ROOT / "templates").rglob("*.html"):
        named |= {(name, template.name) for name in re.findall(r'{%-?\s*icon "([^"]+)"', template.read_text())}
    named |= {(shape, "STATUSES") for _, _, shape in show.STATUSES.values()}
    from voucherify_admin.pages.context import NAVIGATION

    named |= {(entry.icon, entry.label) for _, entries in NAVIGATION for entry in entries}
    assert {(name, where) for name, where in named if name not in known} == set()


def test_vendored_files_name_no_other_file_and_no_host_at_run_time():
    for file in (ROOT / "static").rglob("*.*"):
        if file.suffix in {".css", ".js"}:
            text = file.read_text()
            assert "sourceMappingURL" not in text
            assert re.findall(r"url\((?!\"data:|'data:|data:|#)[^)]{0,40}", text) == [] or file.suffix == ".js"
            assert "@import" not in text or file.suffix == ".js"


def test_a_password_is_changed_with_the_old_one(client, viewer):
    page = client.get("/account/password/").content.decode()
    assert "Forgot" not in page
    new = "a much longer sentence"
    wrong = client.post("/account/password/", {"oldpassword": "no", "password1": new, "password2": new})
    assert "field-error" in wrong.content.decode()
    client.post("/account/password/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    viewer.refresh_from_db()
    assert viewer.check_password(new)


def test_an_error_page_needs_neither_person_nor_database(client):
    from django.views.defaults import server_error

    assert "Something went wrong here" in server_error(RequestFactory().get("/")).content.decode()
    missing = client.get("/nowhere/")
    assert missing.status_code == 404
    assert "There is no such page" in missing.content.decode()
