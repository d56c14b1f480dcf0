"""The notification center: what was told, to whom, announced once, opened by a click that downloads."""

import json

import pytest
from django.test import Client

from tests.factories import make_redemption, make_user
from voucherify_admin.exports import actions as export_actions
from voucherify_admin.exports import writer
from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.models import Download
from voucherify_admin.notifications import actions
from voucherify_admin.notifications.models import Notification

pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    return make_user()


@pytest.fixture
def page(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def tell(user, about="exp_1", **changes) -> Notification:
    values = {"kind": "export_ready", "title": f"Ready {about}", "text": "3 rows", "url": "/exports/"} | changes
    actions.notify([user], about=about, **values)
    return Notification.objects.get(user=user, about=about, kind=values["kind"])


def announced(answer) -> dict | None:
    header = answer.headers.get("HX-Trigger")
    return json.loads(header)["notify"] if header else None


def test_the_same_subject_is_told_once(user):
    tell(user)
    tell(user, title="Again")
    tell(user, kind="export_failed")
    assert list(Notification.objects.order_by("pk").values_list("title", flat=True)) == ["Ready exp_1", "Ready exp_1"]
    other = make_user()
    tell(other)
    assert Notification.objects.count() == 3


def test_the_badge_counts_and_announces_each_notice_once_a_session(page, user):
    assert announced(page.get("/notifications/badge/")) is None
    first = tell(user)
    answer = page.get("/notifications/badge/")
    assert ">1<" in answer.content.decode()
    assert announced(answer) == {"title": "Ready exp_1", "url": f"/notifications/{first.public_id}/", "count": 1}
    assert announced(page.get("/notifications/badge/")) is None
    tell(user, "exp_2")
    tell(user, "exp_3")
    answer = page.get("/notifications/badge/")
    assert ">3<" in answer.content.decode()
    assert (announced(answer)["title"], announced(answer)["count"]) == ("Ready exp_3", 2)


def test_what_waited_before_the_sign_in_is_counted_but_no_news(user):
    tell(user)
    page = Client()
    page.force_login(user)
    answer = page.get("/notifications/badge/")
    assert ">1<" in answer.content.decode()
    assert announced(answer) is None


def test_a_title_in_any_script_passes_through_the_header(page, user):
    tell(user, title="Gotowe: „Święta” 顧客\r\nX-Evil: 1")
    assert announced(page.get("/notifications/badge/"))["title"] == "Gotowe: „Święta” 顧客\r\nX-Evil: 1"


def test_the_badge_is_empty_when_all_is_read_and_asks_little(page, user, django_assert_max_num_queries):
    for number in range(150):
        tell(user, f"exp_{number}")
    page.get("/notifications/badge/")
    with django_assert_max_num_queries(3):
        assert "99+" in page.get("/notifications/badge/").content.decode()
    page.post("/notifications/read/")
    assert page.get("/notifications/badge/").content.decode().strip() == ""


def test_a_click_on_the_alert_of_a_ready_export_downloads_the_file(page, user, monkeypatch):
    # No other connection sees rows of this test, the export's sign of life would take it for lost.
    monkeypatch.setattr(writer, "BEAT_SECONDS", 3600)
    redemption = make_redemption()
    export = export_actions.request_export("redemption", "", user, form=FileForm(fields=["id"]))
    export.build()
    address = announced(page.get("/notifications/badge/"))["url"]
    answer = page.get(address, follow=True)
    assert answer.redirect_chain == [(f"/exports/{export.public_id}/download/", 302)]
    assert b"".join(answer.streaming_content).decode("utf-8-sig") == f"ID\n{redemption.public_id}\n"
    assert Notification.objects.get().read_at is not None
    assert Download.objects.get().user == user


def test_a_notice_leads_to_this_site_only(page, user):
    for number, url in enumerate(("https://example.com/", "//example.com/", "javascript:alert(1)", "")):
        notice = tell(user, f"exp_{number}", url=url)
        assert page.get(f"/notifications/{notice.public_id}/").url == "/notifications/"


def test_the_center_shows_all_or_the_unread_and_marks_them_read(page, user):
    first, second = tell(user), tell(user, "exp_2")
    tell(make_user(), "exp_3")
    assert [row.pk for row in page.get("/notifications/").context["page"].rows] == [second.pk, first.pk]
    page.post(f"/notifications/{first.public_id}/read/")
    assert [row.pk for row in page.get("/notifications/?show=unread").context["page"].rows] == [second.pk]
    page.post("/notifications/read/")
    assert not Notification.objects.filter(user=user).unread().exists()
    assert Notification.objects.unread().count() == 1


def test_other_peoples_notices_do_not_exist(page):
    notice = tell(make_user())
    assert page.get(f"/notifications/{notice.public_id}/").status_code == 404
    assert page.post(f"/notifications/{notice.public_id}/read/").status_code == 404
    assert Notification.objects.unread().count() == 1


def test_strangers_are_led_to_the_sign_in():
    assert Client().get("/notifications/").status_code == 302
    badge = Client().get("/notifications/badge/", headers={"HX-Request": "true"})
    assert badge.status_code == 401
