"""Marketing finds out why codes fail, undoes one redemption, and takes the rows of the screen home as a file."""

import csv
import re
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.calls import post
from tests.live import LiveStack

pytestmark = pytest.mark.browser


@pytest.fixture
def campaign(live_stack: LiveStack) -> str:
    """A campaign whose one code was used twice and tried seven times with too small an order."""
    mark = uuid.uuid4().hex[:6].upper()
    name, code = f"Black Friday {mark}", f"BLACK-{mark}"
    rule = post(
        live_stack,
        "/v1/validation-rules",
        {
            "name": "Spring minimum",
            "rules": {"1": {"name": "order.amount", "conditions": {"$more_than_or_equal": [5000]}}},
        },
    )
    discount = {"type": "AMOUNT", "amount_off": 1000}
    post(live_stack, "/v1/campaigns", {"name": name, "voucher": {"type": "DISCOUNT_VOUCHER", "discount": discount}})
    post(
        live_stack,
        f"/v1/vouchers/{code}",
        {"campaign": name, "type": "DISCOUNT_VOUCHER", "discount": discount, "validation_rules": [rule["id"]]},
    )
    for amount in (6000, 7000):
        assert post(live_stack, f"/v1/vouchers/{code}/redemption", {"order": {"amount": amount}})["result"] == "SUCCESS"
    for number in range(7):
        refusal = post(live_stack, f"/v1/vouchers/{code}/redemption", {"order": {"amount": 3800 + number}})
        assert refusal["key"] == "order_rules_violated"
    return name


def rows(page: Page) -> list[str]:
    """Return the ids of the attempts on the screen, from top to bottom."""
    links = page.locator("#list tbody tr a[href*='/redemptions/r']").evaluate_all(
        "links => links.map(link => link.getAttribute('href'))"
    )
    ids = [re.search(r"/redemptions/(rf?_\w+)/", link)[1] for link in links]
    return list(dict.fromkeys(ids))


def test_marketing_reads_a_failure_rolls_back_a_success_and_exports_the_screen(
    sign_in: Callable[..., Page], campaign: str, tmp_path: Path
):
    page = sign_in("user")
    page.get_by_role("navigation").get_by_role("link", name="Redemptions", exact=True).click()
    page.wait_for_url("**/redemptions/")

    # Filter to one reason.
    page.get_by_role("combobox", name="Campaign", exact=True).fill(campaign)
    page.get_by_label("Reason: any").click()
    page.get_by_label("Order did not match the validation rules", exact=True).check()
    page.get_by_role("button", name="Find and apply filters").click()
    expect(page.locator("#list tbody tr")).to_have_count(7)
    failed = rows(page)
    assert len(failed) == 7

    # Open a row and read why.
    page.locator(f"#list a[href*='{failed[0]}']").first.click()
    expect(page.get_by_text("Order €38.06 is below the minimum €50.00 of rule “Spring minimum”")).to_be_visible()

    # Roll back a success of the same campaign.
    page.goto(f"/redemptions/?campaign={campaign.replace(' ', '+')}&status=SUCCEEDED")
    success = rows(page)
    assert len(success) == 2
    page.locator(f"#list a[href*='{success[0]}']").first.click()
    page.get_by_role("link", name="Roll back").click()
    uses = page.get_by_role("row").filter(has=page.get_by_role("cell", name="−1", exact=True))
    expect(uses).to_contain_text(re.compile(r"2\s*1"))
    page.get_by_role("button", name="Roll back").click()
    expect(page.locator(".field-error")).to_be_visible()
    page.get_by_label("Reason").fill("The customer returned everything")
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("The customer returned everything").first).to_be_visible()

    # Export what is on the screen, with chosen fields.
    page.goto(f"/redemptions/?campaign={campaign.replace(' ', '+')}")
    on_screen = rows(page)
    assert len(on_screen) == 9
    page.get_by_role("link", name="Export", exact=True).click()
    for box in page.locator("input[type=checkbox][name=columns]").all():
        box.set_checked(box.get_attribute("value") in ("id", "status", "order_amount"))
    page.get_by_role("button", name="Start the export").click()

    # The notification center alerts, and the alert downloads.
    alert = page.locator("#toasts", has_text="ready")
    expect(alert).to_be_visible(timeout=60_000)
    with page.expect_download() as download:
        alert.get_by_role("link").click()
    path = tmp_path / "export.csv"
    download.value.save_as(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert set(table[0]) == {"Status", "Order amount (EUR)", "ID"}
    assert [row["ID"] for row in table] == on_screen
    assert [row["Status"] for row in table if row["ID"] == success[0]] == ["Rolled back"]
    assert {row["Order amount (EUR)"] for row in table} >= {"60.00", "70.00", "38.06"}
