"""People choose the columns of a list by mouse, by keyboard and without JavaScript, and find them again."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_marketing_journey import post
from tests.live import LiveStack

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def attempt(live_stack: LiveStack) -> str:
    """The code of an attempt with a till in its metadata."""
    code = f"TILL-{uuid.uuid4().hex[:6].upper()}"
    post(live_stack, f"/v1/vouchers/{code}/redemption", {"order": {"amount": 5000}, "metadata": {"till": "4"}})
    return code


def heads(page: Page) -> list[str]:
    return page.locator("#list thead th").all_inner_texts()


def lines(form: Locator) -> list[str]:
    """The names of the columns, from top to bottom."""
    return [each.get_attribute("value") for each in form.locator("[name=column]").all()]


def middle(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_with_the_mouse_columns_are_ticked_dragged_and_found_again(sign_in: Callable[..., Page], attempt: str):
    page = sign_in("viewer")
    page.goto(f"/redemptions/?code={attempt}")
    page.get_by_role("link", name="Columns").click()
    dialog = page.get_by_role("dialog", name="Columns")
    dialog.get_by_label("Channel", exact=True).uncheck()
    for name in ("Customer source id", "Tracking id", "Id", "Request id"):
        dialog.get_by_label(name, exact=True).check()
    dialog.get_by_label("A metadata key as a column").fill("till")
    dialog.get_by_label("A metadata key as a column").press("Enter")
    expect(dialog.locator("[name=show][value='metadata.till']")).to_be_checked()

    # The code is taken by its grip to the top.
    code = dialog.locator("[data-line]", has=page.locator("[name=column][value=code]"))
    first = dialog.locator("[data-line]").first
    first.scroll_into_view_if_needed()
    page.mouse.move(*middle(code.locator("[data-grip]")))
    page.mouse.down()
    x, y = middle(first)
    page.mouse.move(x, y + 4, steps=8)
    page.mouse.move(x, y - 8, steps=4)
    page.mouse.up()
    assert lines(dialog)[0] == "code"
    dialog.get_by_label("Compact").check()
    dialog.get_by_role("button", name="Show these columns").last.click()

    page.wait_for_url(f"**/redemptions/?code={attempt}")
    expect(page.locator("#list thead th")).to_have_text(
        [
            *["Code", "Time", "Status", "Campaign", "Customer", "Amount", "Reason"],
            *["Customer source id", "Tracking id", "Id", "Request id", "till"],
        ]
    )
    expect(page.locator("#list tbody td").last).to_have_text("4")
    expect(page.locator(".table-card.is-compact")).to_be_visible()
    page.goto("/redemptions/")
    assert heads(page)[0] == "Code"

    # Too wide for its card, it scrolls within it, and what a row is stays in sight.
    page.set_viewport_size({"width": 900, "height": 700})
    card = page.locator("[data-table]")
    expect(card).to_have_class("table-card is-wide is-compact")
    before = page.locator("#list tbody td").first.bounding_box()
    card.evaluate("card => card.scrollBy(200, 0)")
    assert page.locator("#list tbody td").first.bounding_box()["x"] == pytest.approx(before["x"], abs=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    page.get_by_role("link", name="Columns").click()
    dialog.get_by_role("button", name="Back to the standard").click()
    expect(page.locator("#list thead th").first).to_have_text("Time")
    expect(page.locator("#list thead th")).to_have_count(8)


def test_with_the_keyboard_alone_a_column_is_moved_and_the_focus_comes_back(sign_in: Callable[..., Page]):
    page = sign_in("administrator")
    page.goto("/log/")
    page.get_by_role("link", name="Columns").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Columns")
    expect(dialog.get_by_label("Time", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("link", name="Columns")).to_be_focused()

    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Time", exact=True)).to_be_focused()
    page.keyboard.press("Alt+ArrowDown")
    assert lines(dialog)[:2] == ["call", "created_at"]
    expect(page.locator("#announce")).to_have_text("Time: place 2 of 17")
    dialog.get_by_role("button", name="Status up").focus()
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Status up")).to_be_focused()
    assert lines(dialog)[:3] == ["call", "status", "created_at"]
    dialog.get_by_label("Method", exact=True).focus()
    page.keyboard.press("Space")
    dialog.get_by_role("button", name="Show these columns").last.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#list thead th").nth(1)).to_have_text("Status")
    assert heads(page)[:3] == ["Call", "Status", "Time"]
    assert "Method" in heads(page)

    # j and Enter walk the rows as ever.
    page.keyboard.press("j")
    expect(page.locator("#list tbody tr").first.locator("a.row-link")).to_be_focused()
    page.goto("/log/?view=columns")
    page.get_by_role("button", name="Back to the standard").click()
    assert heads(page)[0] == "Time"


def test_without_javascript_the_same_is_done_on_a_page_by_numbers_and_buttons(sign_in: Callable[..., Page]):
    page = sign_in("merchant", java_script_enabled=False)
    page.goto("/redemptions/?status=FAILED")
    page.get_by_role("link", name="Columns").click()
    page.get_by_label("Place of Amount").fill("1")
    page.get_by_role("button", name="Status up").click()
    assert lines(page.locator("form.chooser"))[:3] == ["amount", "status", "created_at"]
    page.get_by_label("A metadata key as a column").fill("till")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("[name=show][value='metadata.till']")).to_be_checked()
    page.get_by_role("button", name="Show these columns").last.click()
    assert page.url.endswith("/redemptions/?status=FAILED")
    assert heads(page) == ["Amount", "Status", "Time", "Code", "Campaign", "Customer", "Reason", "Channel", "till"]
    page.get_by_role("link", name="Columns").click()
    page.get_by_role("button", name="Back to the standard").click()
    assert heads(page)[0] == "Time"


def test_a_panel_of_filters_that_was_folded_is_folded_on_the_next_page(sign_in: Callable[..., Page]):
    page = sign_in("viewer")
    page.goto("/redemptions/?status=FAILED")
    panel = page.locator(".filter-panel")
    panel.get_by_text("Filters", exact=False).first.click()
    expect(page.get_by_role("button", name="Find and apply filters")).to_be_hidden()
    page.goto("/vouchers/")
    expect(page.get_by_role("button", name="Find and apply filters")).to_be_hidden()
    page.locator(".filter-panel > summary").click()
    page.goto("/redemptions/")
    expect(page.get_by_role("button", name="Find and apply filters")).to_be_visible()


@pytest.mark.parametrize("width", [1360, 390])
def test_the_first_rows_are_in_sight_without_scrolling(sign_in: Callable[..., Page], width: int):
    page = sign_in("viewer", viewport={"width": width, "height": 900})
    page.goto("/redemptions/")
    expect(page.locator("#list tbody tr").first).to_be_in_viewport()


def test_a_part_that_failed_says_so_in_its_place_and_is_tried_again(
    sign_in: Callable[..., Page], chromium: Browser, live_stack: LiveStack, attempt: str
):
    # A window of its own, for its console rightly tells of the failure.
    state = sign_in("viewer").context.storage_state()
    context = chromium.new_context(base_url=live_stack.url, storage_state=state)
    page = context.new_page()
    post(live_stack, f"/v1/vouchers/{attempt}", {"type": "DISCOUNT_VOUCHER", "discount": {"type": "UNIT"}})
    page.route("**/redemptions/**", lambda route: route.fulfill(status=503, body="away"))
    page.goto("/vouchers/DEMO-10/" if page.request.get("/vouchers/DEMO-10/").ok else f"/vouchers/{attempt}/")
    failed = page.get_by_text("This part could not be loaded.").first
    expect(failed).to_be_visible()
    page.unroute("**/redemptions/**")
    failed.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("This part could not be loaded.")).to_have_count(0)
    context.close()
