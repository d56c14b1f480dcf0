"""The pages of imports: a file is uploaded, watched, and what is wrong with its rows can be read and downloaded."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tests.factories import make_campaign, make_user, make_voucher
from voucherify_admin.api.models import ApiCall
from voucherify_admin.async_actions.models import AsyncAction
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> Client:
    client = Client()
    client.force_login(make_user("User", username="ann"))
    return client


def upload(page: Client, content: str, **changes):
    file = SimpleUploadedFile("codes.csv", content.encode(), content_type="text/csv")
    return page.post("/imports/new/", {"file": file, **changes})


def test_a_file_is_imported_and_its_rows_are_told(page):
    assert "Nothing was imported yet" in page.get("/imports/").content.decode()
    assert 'enctype="multipart/form-data"' in page.get("/imports/new/").content.decode()
    make_voucher(code="TAKEN")
    campaign = make_campaign(name="Spring")
    answer = upload(page, "Code,Discount Type,Value\nA,AMOUNT,100\nTAKEN,AMOUNT,100\n", campaign="Spring")
    action = AsyncAction.objects.get()
    assert answer.url == f"/imports/{action.public_id}/"
    assert (action.owner.username, action.subject_id, action.total) == ("ann", campaign.public_id, 2)
    waiting = page.get(answer.url).content.decode()
    assert "Waiting for a worker" in waiting
    assert f'hx-get="/imports/{action.public_id}/progress/"' in waiting
    action.run()
    done = page.get(f"{answer.url}progress/").content.decode()
    assert "1 of 2 were created. 1 could not be used." in done
    assert "A voucher with this code exists already" in done
    assert "hx-get" not in done
    assert "codes.csv" in page.get("/imports/").content.decode()
    assert page.get("/imports/?status=FAILED").context["page"].rows == []
    results = page.get(f"{answer.url}results/")
    assert "attachment" in results["Content-Disposition"]
    text = b"".join(results.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[1:] == ["1,A,OK,", "2,TAKEN,FAILED,A voucher with this code exists already"]
    assert Voucher.objects.get(code="A").campaign == campaign
    call = ApiCall.objects.get(path="/imports/new/")
    assert (call.channel, call.status, call.user_login) == ("dashboard", 202, "ann")


def test_a_file_or_a_campaign_that_is_none_is_told_beside_its_field(page, settings):
    assert "This field is required" in upload_nothing(page)
    assert "one of them should be Code." in upload(page, "Name\nA").content.decode()
    assert "no row below" in upload(page, "Code").content.decode()
    answer = upload(page, "Code\nA", campaign="None").content.decode()
    assert "There is no campaign of this name." in answer
    settings.IMPORT_MAX_BYTES = 10
    assert "Cut it into several" in upload(page, "Code\n" + "A" * 20).content.decode()
    assert not AsyncAction.objects.exists()


def upload_nothing(page: Client) -> str:
    return page.post("/imports/new/", {}).content.decode()


@pytest.mark.parametrize("role", ["Viewer", "Merchant"])
def test_who_may_not_add_vouchers_sees_no_imports(role):
    client = Client()
    client.force_login(make_user(role))
    action = AsyncAction.objects.create(type="VOUCHERS.IMPORT")
    for path in ("", "new/", f"{action.public_id}/", f"{action.public_id}/progress/", f"{action.public_id}/results/"):
        assert client.get(f"/imports/{path}").status_code == 403
    assert '"/imports/"' not in client.get("/redemptions/").content.decode()


def test_a_code_called_imports_keeps_its_page(page):
    make_voucher(code="imports")
    assert page.get("/vouchers/imports/").status_code == 200
