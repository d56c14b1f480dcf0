"""Stacks on the pages: parent and children lead to each other, and the whole is rolled back after a preview."""

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from redemptions import actions
from redemptions.engine import Channel, RedeemRequest
from redemptions.models import Redemption
from tests.factories import make_redemption, make_user, make_voucher
from voucherify_admin.api.models import ApiCall
from voucherify_admin.exports.actions import FileForm, request_export
from vouchers.models import Voucher

pytestmark = pytest.mark.django_db

SHOP = Channel("API", "app-1", "Web shop")


@pytest.fixture
def person(client: Client):
    user = make_user("User")
    client.force_login(user)
    return user


def redeemed(*codes: str, order: dict | None = None) -> actions.Stack:
    return actions.redeem_stack([RedeemRequest(code=code, channel=SHOP, order=order) for code in codes])


def stack() -> actions.Stack:
    make_voucher(code="TEN")
    make_voucher(code="GIFT", type="GIFT_VOUCHER", gift_balance=5000)
    make_voucher(code="OFF", is_active=False)
    return redeemed("TEN", "GIFT", "OFF", order={"amount": 3000})


def page(client: Client, attempt: Redemption, more: str = "") -> str:
    answer = client.get(f"/redemptions/{attempt.public_id}/{more}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_parent_and_children_lead_to_each_other(client, person):
    done = stack()
    children = [*done.redeemed, *done.refused]

    text = page(client, done.parent)
    assert "3 codes on one order" in text
    assert "TEN, GIFT, OFF" in text
    assert "Roll back all" in text
    for child in children:
        assert f'href="/redemptions/{child.public_id}/"' in text
        of_child = page(client, child)
        assert f'href="/redemptions/{done.parent.public_id}/"' in of_child
        assert all(f'href="/redemptions/{one.public_id}/"' in of_child for one in children if one != child)


def test_the_button_of_a_child_rolls_the_whole_order_back(client, person):
    done = stack()

    assert f'href="/redemptions/{done.parent.public_id}/roll-back/"' in page(client, done.redeemed[0])
    refusal = page(client, done.redeemed[0], "roll-back/")
    assert "does not have parent" in refusal
    assert f'href="/redemptions/{done.parent.public_id}/roll-back/"' in refusal


def test_the_list_names_the_codes_of_a_parent(client, person):
    stack()

    assert "TEN + GIFT + OFF" in client.get("/redemptions/").content.decode()


def test_the_list_marks_each_code_of_a_stack_and_leads_to_the_whole(client, person):
    parent = stack().parent
    make_redemption()

    text = client.get("/redemptions/").content.decode()
    mark = f'<a class="stack-mark" href="/redemptions/{parent.public_id}/" title="One of several codes on one order'
    assert text.count(mark) == 3
    assert text.count('class="stack-mark"') == 3
    # The row itself still leads to its own attempt.
    assert text.count('class="row-link"') == 5


def test_an_export_names_the_stack_that_an_attempt_was_part_of(client, person):
    done = stack()
    child = done.redeemed[0]
    export = request_export(
        "redemption", "code=TEN", person, form=FileForm(fields=["id", "parent_redemption_id"], with_bom=False)
    )
    export.build()
    export.refresh_from_db()
    with default_storage.open(export.file) as file:
        header, row = file.read().decode().splitlines()
    assert (header, row) == ("ID,Part of stack", f"{child.public_id},{done.parent.public_id}")


def test_rolling_a_parent_back_shows_every_effect_before_and_undoes_them_all(client, person):
    done = stack()

    preview = page(client, done.parent, "roll-back/")
    for told in ("<code>TEN</code>", "<code>GIFT</code>", "30.00", "50.00", "of each code"):
        assert told in preview, told
    assert "<code>OFF</code>" not in preview

    client.post(f"/redemptions/{done.parent.public_id}/roll-back/", {"reason": "Returned"})

    assert set(Voucher.objects.values_list("redeemed_quantity", flat=True)) == {0}
    assert Voucher.objects.get(code="GIFT").gift_balance == 5000
    assert "Rolled back" in page(client, done.parent)
    assert "Rolled back" in page(client, done.redeemed[0])
    assert ApiCall.objects.touching("voucher", "GIFT").get().channel == "dashboard"
    again = page(client, done.parent, "roll-back/")
    assert "Already rolled back" in again


def test_a_failed_stack_reads_as_a_sentence(client, person):
    failed = redeemed("NONE", "NOBODY").parent

    text = page(client, failed)
    assert "No code of the stack could be used" in text
    assert "What if today?" not in text
    assert client.get(f"/redemptions/{failed.public_id}/what-if/").status_code == 404
    assert "None of the 2 codes could be used: NONE (voucher did not exist)" in text
    assert client.get("/redemptions/?reason=no_applicable_redeemables").content.decode().count("NONE + NOBODY") == 1
