"""The pages of exports: asked for with the list's filters, watched, downloaded by whom it is allowed, never cached."""

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from tests.factories import make_redemption, make_user, make_voucher
from voucherify_admin.exports import actions
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.models import Download, Export
from voucherify_admin.notifications.models import Notification

pytestmark = pytest.mark.django_db

FORM = {"kind": "redemption", "scope": "shown", "time_zone": "UTC", "separator": ",", "columns": ["id"]}


@pytest.fixture
def user():
    return make_user(username="marketing")


@pytest.fixture
def page(user) -> Client:
    return signed_in(user)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def done(user, **changes) -> Export:
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id"]))
    export.build()
    if changes:
        Export.objects.filter(pk=export.pk).update(**changes)
    export.refresh_from_db()
    return export


def test_the_button_of_the_list_takes_the_filters_along(page):
    make_redemption(failure_code="not_found")
    make_redemption()
    address = page.get("/redemptions/?result=FAILURE&after=").context["export_url"]
    answer = page.get(address)
    assert answer.status_code == 200
    assert (answer.context["rows_shown"], answer.context["rows_complete"]) == (1, 2)
    assert [(chip.label, chip.value) for chip in answer.context["chips"]] == [("Result", "Failure")]
    posted = page.post("/exports/new/", {**FORM, "query": answer.context["query"]})
    export = Export.objects.get()
    assert posted.url == f"/exports/{export.public_id}/"
    assert export.conditions == [["Result", "Failure"]]
    export.build()
    export.refresh_from_db()
    assert export.rows_written == 1


def test_the_complete_history_can_be_asked_for_from_a_filtered_list(page):
    make_redemption(failure_code="not_found")
    make_redemption()
    page.post("/exports/new/", {**FORM, "query": "result=FAILURE", "scope": "complete"})
    export = Export.objects.get()
    export.build()
    export.refresh_from_db()
    assert (export.rows_written, export.conditions) == (2, [])


def test_the_fields_keep_the_order_of_the_page_unless_a_number_places_them(page):
    columns = ["date", "status", "voucher_code", "metadata.till"]
    numbers = {"position-metadata.till": "1", "position-date": "3", "position-campaign": "1"}
    page.post("/exports/new/", {**FORM, "columns": columns, **numbers, "more_metadata": "shop, till"})
    assert Export.objects.get().fields == ["metadata.till", "status", "date", "voucher_code", "metadata.shop"]


def test_the_fields_of_the_last_time_are_remembered_in_their_order(page, user):
    page.post("/exports/new/", {**FORM, "columns": ["status", "date"], "separator": ";", "position-date": "1"})
    form = page.get("/exports/new/?kind=redemption").context["form"]
    assert [row["key"] for row in form.rows()][:2] == ["date", "status"]
    assert form.chosen() == {"date", "status"}
    assert form["separator"].value() == ";"
    assert signed_in(make_user()).get("/exports/new/").context["form"].chosen() > {"date", "campaign"}


def test_metadata_keys_are_offered_from_the_rows(page):
    make_redemption(metadata={"till": 7, "shop": "Berlin"})
    make_redemption(metadata={"till": 8})
    rows = page.get("/exports/new/?kind=redemption").context["form"].rows()
    assert [row["key"] for row in rows if row["is_metadata"]] == ["metadata.till", "metadata.shop"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"columns": []}, "columns"),
        ({"columns": ["nonsense"]}, "columns"),
        ({"columns": ["user_login"]}, "columns"),
        ({"columns": ["id"], "position-id": "x"}, "columns"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"separator": "|"}, "separator"),
        ({"scope": "nonsense"}, "scope"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(page, changes, field):
    answer = page.post("/exports/new/", {**FORM, **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Export.objects.exists()


@pytest.mark.parametrize("query", ["date_from=yesterday", "user=marketing", "user=nobody", "result=PERHAPS"])
def test_a_filter_that_cannot_be_used_is_told_and_nothing_is_exported(page, query):
    make_redemption()
    asked = page.get("/exports/new/", {"kind": "redemption", "query": query})
    assert asked.context["error"]
    assert asked.context["rows_shown"] is None
    posted = page.post("/exports/new/", {**FORM, "query": query})
    assert posted.status_code == 422
    assert posted.context["form"].non_field_errors()
    assert not Export.objects.exists()


def test_a_filter_that_is_too_long_is_refused_not_cut(page):
    query = "metadata_key=" + "x" * 9000 + "&result=FAILURE"
    assert page.get("/exports/new/", {"query": query}).status_code == 400
    assert page.post("/exports/new/", {**FORM, "query": query}).status_code == 400


def test_the_users_column_is_offered_to_administrators_only(page):
    offered = [row["key"] for row in page.get("/exports/new/").context["form"].rows()]
    assert "user_login" not in offered
    form = signed_in(make_user("Administrator")).get("/exports/new/").context["form"]
    assert "user_login" in [row["key"] for row in form.rows()]


def test_the_page_of_an_export_tells_its_state_and_asks_again_until_it_has_ended(page, user):
    make_redemption()
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id"]))
    address = f"/exports/{export.public_id}/"
    assert 'hx-trigger="every 1s"' in page.get(address).content.decode()
    Export.objects.filter(pk=export.pk).update(state="running", rows_expected=200, rows_written=50)
    fragment = page.get(f"{address}progress/").content.decode()
    assert "Running 25 %" in fragment
    assert "<html" not in fragment
    assert "download/" not in fragment
    Export.objects.filter(pk=export.pk).update(state="queued")
    export.build()
    fragment = page.get(f"{address}progress/").content.decode()
    assert "hx-trigger" not in fragment
    assert f"{address}download/" in fragment


def test_a_failed_export_tells_why_and_can_be_asked_for_again(page, user):
    export = done(user, state="failed", error="The database said no.", file="")
    text = page.get(f"/exports/{export.public_id}/").content.decode()
    assert "The database said no." in text
    assert "/exports/new/?kind=redemption" in text


def test_an_export_can_be_cancelled(page, user):
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id"]))
    assert page.get(f"/exports/{export.public_id}/cancel/").status_code == 405
    page.post(f"/exports/{export.public_id}/cancel/")
    export.refresh_from_db()
    assert export.state == "cancelled"
    export.build()
    export.refresh_from_db()
    assert export.state == "cancelled"


def test_a_download_is_logged_and_never_cached(page, user):
    redemption = make_redemption()
    export = done(user)
    answer = page.get(f"/exports/{export.public_id}/download/")
    assert b"".join(answer.streaming_content) == f"\ufeffID\n{redemption.public_id}\n".encode()
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    moment = export.created_at.strftime("%Y-%m-%d-%H%M")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="redemptions-{moment}.csv"'
    assert not Notification.objects.unread().exists(), "the alert is of no use any more"
    logged = Download.objects.get()
    assert (logged.user, logged.user_login, logged.export, logged.rows) == (user, "marketing", export, 1)
    assert logged.ip_address == "127.0.0.1"


def test_a_download_is_for_the_owner_and_administrators_who_still_may():
    make_redemption()
    owner = make_user()
    export = done(owner)
    address = f"/exports/{export.public_id}/download/"
    for person, status in (
        (owner, 200),
        (make_user("Administrator"), 200),
        (make_user("User"), 404),
        (make_user("Viewer"), 404),
        (make_user("Merchant"), 403),
        (make_user(""), 403),
    ):
        assert signed_in(person).get(address).status_code == status, person.username
    stranger = Client().get(address)
    assert (stranger.status_code, stranger.url.partition("?next=")[2]) == (302, address)
    assert Download.objects.count() == 2
    owner.groups.clear()
    assert signed_in(owner).get(address).status_code == 403


def test_an_export_with_users_is_refused_to_an_owner_who_is_administrator_no_more():
    make_redemption()
    owner = make_user("Administrator")
    export = actions.request_export("redemption", "", owner, form=FileForm(fields=["id", "user_login"]))
    export.build()
    owner.groups.set(make_user("User").groups.all())
    assert signed_in(owner).get(f"/exports/{export.public_id}/download/").status_code == 403


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"state": "queued", "file": ""}, 409),
        ({"state": "running", "file": ""}, 409),
        ({"state": "failed", "file": ""}, 409),
        ({"state": "cancelled", "file": ""}, 409),
        ({"state": "expired", "file": ""}, 410),
        ({"expires_at": timezone.now() - timedelta(days=1)}, 410),
    ],
)
def test_there_is_nothing_to_download_unless_it_is_done(page, user, changes, status):
    export = done(user, **changes)
    answer = page.get(f"/exports/{export.public_id}/download/")
    assert answer.status_code == status
    assert "Download the file" not in answer.content.decode()
    assert not Download.objects.exists()


def test_a_file_that_is_gone_from_the_storage_is_told(page, user):
    export = done(user)
    default_storage.delete(export.file)
    answer = page.get(f"/exports/{export.public_id}/download/")
    assert answer.status_code == 410
    assert not Download.objects.exists()


def test_the_list_shows_a_persons_own_exports_and_administrators_all(page, user):
    mine, theirs = done(user), done(make_user())
    assert [row.pk for row in page.get("/exports/").context["page"].rows] == [mine.pk]
    administrator = signed_in(make_user("Administrator"))
    assert [row.pk for row in administrator.get("/exports/").context["page"].rows] == [theirs.pk, mine.pk]
    found = administrator.get("/exports/?owner=marketing").context
    assert [row.pk for row in found["page"].rows] == [mine.pk]
    assert page.get("/exports/?owner=marketing").context["errors"]
    for path in ("", "progress/", "download/"):
        assert page.get(f"/exports/{theirs.public_id}/{path}").status_code == 404
    assert page.post(f"/exports/{theirs.public_id}/cancel/").status_code == 404


def test_the_list_takes_the_same_queries_however_many_exports_there_are(page, user, django_assert_max_num_queries):
    for _ in range(3):
        done(user)
    page.get("/exports/")
    with django_assert_max_num_queries(6) as few:
        page.get("/exports/")
    for _ in range(20):
        actions.request_export("redemption", "result=FAILURE&campaign=x", user, form=FileForm(fields=["id"]))
    with django_assert_max_num_queries(len(few)):
        page.get("/exports/")


def test_who_may_not_export_sees_no_page_of_it():
    merchant = signed_in(make_user("Merchant"))
    for address in ("/exports/", "/exports/new/?kind=redemption"):
        assert merchant.get(address).status_code == 403
    assert merchant.post("/exports/new/", FORM).status_code == 403
    assert not Export.objects.exists()


def test_an_unknown_kind_is_not_found(page):
    assert page.get("/exports/new/?kind=dragon").status_code == 404


def test_vouchers_are_exported_from_their_list(page):
    make_voucher(code="ONE")
    make_voucher(code="TWO", is_active=False)
    address = page.get("/vouchers/?state=DISABLED").context["export_url"]
    query = page.get(address).context["query"]
    page.post("/exports/new/", {**FORM, "kind": "voucher", "query": query, "columns": ["code", "active"]})
    export = Export.objects.get()
    export.build()
    export.refresh_from_db()
    with default_storage.open(export.file) as file:
        assert file.read().decode("utf-8-sig") == "Code,Active\nTWO,false\n"


def test_the_audit_of_downloads_is_read_only_in_django_admin(user):
    make_redemption()
    export = done(user)
    signed_in(user).get(f"/exports/{export.public_id}/download/")
    administrator = signed_in(make_user("Administrator", is_staff=True))
    answer = administrator.get("/admin/exports/download/")
    assert answer.status_code == 200
    assert export.public_id in answer.content.decode()
    logged = Download.objects.get()
    assert administrator.post(f"/admin/exports/download/{logged.pk}/change/", {}).status_code == 403
    assert administrator.post(f"/admin/exports/download/{logged.pk}/delete/", {"post": "yes"}).status_code == 403
    assert administrator.get("/admin/exports/export/").status_code == 200


def test_the_bell_looks_at_once_when_the_export_on_the_screen_is_ready(page, user):
    export = actions.request_export("redemption", "", user, form=FileForm(fields=["id"]))
    assert "HX-Trigger" not in page.get(f"/exports/{export.public_id}/progress/")
    export.build()
    assert page.get(f"/exports/{export.public_id}/progress/")["HX-Trigger"] == "told"
    assert "told from:body" in page.get("/").content.decode()
