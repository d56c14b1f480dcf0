"""An attempt beside the list: opened by mouse and keyboard, stepped through, copied from; and without JavaScript."""

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.calls import post
from tests.live import LiveStack

pytestmark = pytest.mark.browser


@pytest.fixture
def code(live_stack: LiveStack) -> str:
    """A code that was tried four times, each time with a smaller order than its rule asks for."""
    code = f"DRAWER-{uuid.uuid4().hex[:6].upper()}"
    rules = {"1": {"name": "order.amount", "conditions": {"$more_than_or_equal": [5000]}}}
    rule = post(live_stack, "/v1/validation-rules", {"name": "Spring minimum", "rules": rules})
    discount = {"type": "AMOUNT", "amount_off": 1000}
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": discount, "validation_rules": [rule["id"]]}
    post(live_stack, f"/v1/vouchers/{code}", voucher)
    for amount in (1000, 2000, 3000, 4000):
        body = {"order": {"amount": amount}, "metadata": {"till": amount // 1000}}
        assert post(live_stack, f"/v1/vouchers/{code}/redemption", body)["key"] == "order_rules_violated"
    return code


@pytest.fixture
def listed(sign_in: Callable[..., Page], code: str) -> Page:
    """The list of the attempts of that code, newest first."""
    page = sign_in("user", permissions=["clipboard-read", "clipboard-write"])
    page.goto(f"/redemptions/?code={code}")
    expect(rows(page)).to_have_count(4)
    return page


def rows(page: Page):
    return page.locator("#list a.row-link")


def drawer(page: Page):
    return page.get_by_role("dialog")


def path(page: Page, row: int) -> str:
    return str(rows(page).nth(row).get_attribute("href"))


def copied(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def test_the_mouse_opens_a_row_and_back_closes_it(listed: Page, code: str):
    page, opened = listed, path(listed, 1)
    page.locator("#list tbody tr").nth(1).click()
    expect(drawer(page)).to_be_visible()
    expect(drawer(page)).to_have_accessible_name(re.compile(code))
    expect(drawer(page).get_by_text("Order €30.00 is below the minimum €50.00")).to_be_visible()
    expect(drawer(page).get_by_text("broke the rule")).to_be_visible()
    assert page.url.endswith(opened)
    expect(page).to_have_title(re.compile(code))
    page.go_back()
    expect(drawer(page)).to_be_hidden()
    expect(rows(page).nth(1)).to_be_focused()
    assert page.url.endswith(f"/redemptions/?code={code}")
    expect(page).to_have_title(re.compile("Redemptions"))
    page.go_forward()
    expect(drawer(page).get_by_text("Order €30.00")).to_be_visible()


def test_the_keyboard_opens_a_row_goes_on_within_the_list_and_comes_back_to_the_row(listed: Page):
    page, newest, third = listed, path(listed, 0), path(listed, 2)
    page.keyboard.press("j")
    expect(rows(page).first).to_be_focused()
    page.keyboard.press("Enter")
    expect(drawer(page).get_by_text("Order €40.00")).to_be_visible()
    expect(drawer(page).get_by_role("heading", level=2).first).to_be_focused()
    page.keyboard.press("k")  # there is nothing newer
    page.keyboard.press("j")
    expect(drawer(page).get_by_text("Order €30.00")).to_be_visible()
    # The button keeps the focus, so that it can be pressed again.
    drawer(page).get_by_role("link", name="Older").press("Enter")
    expect(drawer(page).get_by_text("Order €20.00")).to_be_visible()
    expect(drawer(page).get_by_role("link", name="Older")).to_be_focused()
    assert page.url.endswith(third)
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(drawer(page)).to_be_hidden()
    expect(rows(page).nth(2)).to_be_focused()
    expect(page).to_have_url(re.compile(r"/redemptions/\?code="))
    assert not page.url.endswith(newest)


def test_the_drawers_address_is_the_page_and_back_from_it_is_the_list(listed: Page, code: str):
    page = listed
    rows(page).first.click()
    expect(drawer(page).get_by_text("Order €40.00")).to_be_visible()
    page.reload()
    expect(drawer(page)).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    expect(page.get_by_text("Order €40.00")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(4)
    page.goto(f"/redemptions/?code={code}")
    rows(page).first.click()
    drawer(page).get_by_role("link", name="Open the page").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    page.go_back()
    expect(rows(page)).to_have_count(4)


def test_copy_buttons_put_the_right_text_on_the_clipboard(listed: Page, live_stack: LiveStack, code: str):
    page, opened = listed, path(listed, 0)
    rows(page).first.click()
    drawer(page).get_by_role("button", name="Copy link").click()
    expect(drawer(page).get_by_role("button", name="Copy link")).to_have_class(re.compile("is-copied"))
    assert copied(page) == live_stack.url + opened.partition("?")[0]
    drawer(page).get_by_role("button", name="Copy for the customer").click()
    expect(drawer(page).get_by_text("Copied", exact=True)).to_be_attached()
    assert copied(page) == f"The code {code} is valid for orders from €50.00. Please add something more."
    drawer(page).get_by_role("button", name="Copy as cURL").first.click()
    page.wait_for_function("navigator.clipboard.readText().then((text) => text.startsWith('curl'))")
    command = copied(page)
    assert f"{live_stack.url}/v1/vouchers/{code}/redemption" in command
    assert "X-App-Token: YOUR-APP-TOKEN" in command
    assert live_stack.app_token not in command


def test_a_text_is_found_in_both_bodies(listed: Page, code: str):
    page = listed
    rows(page).first.click()
    search = drawer(page).get_by_label("Find in both bodies")
    search.fill("REDEM")
    expect(drawer(page).locator("output")).to_contain_text("place")
    found = drawer(page).locator(".json-block mark")
    assert {text.lower() for text in found.all_inner_texts()} == {"redem"}
    search.press("Enter")
    expect(found.first).to_have_class("is-current")
    search.fill("nowhere to be found (")
    expect(drawer(page).locator("output")).to_have_text("Not found")


def test_after_paging_the_list_back_closes_the_drawer_and_leaves_the_list_where_it_was(
    sign_in: Callable[..., Page], live_stack: LiveStack
):
    code = f"MANY-{uuid.uuid4().hex[:6].upper()}"
    for _ in range(60):
        post(live_stack, f"/v1/vouchers/{code}/redemption", {})
    page = sign_in("user")
    page.goto(f"/redemptions/?code={code}")
    page.get_by_role("link", name="Older").click()
    expect(rows(page)).to_have_count(10)
    rows(page).nth(3).click()
    expect(drawer(page)).to_be_visible()
    page.go_back()
    expect(drawer(page)).to_be_hidden()
    expect(rows(page)).to_have_count(10)
    expect(rows(page).nth(3)).to_be_focused()
    page.go_back()
    expect(rows(page)).to_have_count(50)


def test_on_a_telephone_the_drawer_takes_the_whole_screen(sign_in: Callable[..., Page], code: str):
    page = sign_in("user", viewport={"width": 390, "height": 844})
    page.goto(f"/redemptions/?code={code}")
    rows(page).first.click()
    expect(drawer(page)).to_be_visible()
    box = drawer(page).bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 390, 844)
    assert page.evaluate("document.querySelector('dialog.drawer').scrollWidth") <= 390


def test_without_javascript_a_row_leads_to_the_page_which_tells_everything(sign_in: Callable[..., Page], code: str):
    page = sign_in("user", java_script_enabled=False)
    page.goto(f"/redemptions/?code={code}")
    rows(page).nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(code)
    expect(page.get_by_text("Order €30.00 is below the minimum €50.00")).to_be_visible()
    for gone in ("Copy link", "Copy for the customer", "Print"):
        expect(page.get_by_role("button", name=gone)).to_be_hidden()
    expect(page.get_by_label("Find in both bodies")).to_be_hidden()
    page.get_by_text("As cURL", exact=True).click()
    expect(page.get_by_text("YOUR-APP-TOKEN").first).to_be_visible()
    page.locator("summary", has_text="Raw").first.click()
    expect(page.locator("pre.block").first).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_text("Order €20.00")).to_be_visible()
    page.get_by_role("link", name="Redemptions", exact=True).first.click()
    # A value of the metadata is a door to the attempts that share it.
    page.goto(f"/redemptions/?code={code}")
    rows(page).first.click()
    page.get_by_role("definition").get_by_role("link", name="4", exact=True).click()
    expect(page).to_have_url(re.compile("metadata_key=till"))
    assert rows(page).count() >= 1


def test_on_paper_an_attempt_is_one_page_without_navigation(listed: Page):
    page = listed
    page.goto(path(page, 0))
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_have_count(0)
    expect(page.get_by_text("Order €40.00 is below the minimum")).to_be_visible()
    expect(page.get_by_role("heading", name="Timeline")).to_be_hidden()
    expect(page.get_by_role("heading", name="Request body")).to_be_visible()
    assert len(re.findall(rb"/Type /Page\b", page.pdf(format="A4"))) == 1
