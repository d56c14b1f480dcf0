"""The histogram and the facets by mouse, by keyboard, and without JavaScript."""

import json
import uuid
from collections.abc import Callable
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from tests.live import LiveStack

pytestmark = pytest.mark.browser


@pytest.fixture
def question(live_stack: LiveStack) -> str:
    """The question for one code, which was used four times and refused twice, within the last hour."""
    code = f"BARS-{uuid.uuid4().hex[:6].upper()}"

    def post(path: str, body: dict) -> None:
        request = Request(live_stack.url + path, json.dumps(body).encode(), method="POST")
        for name, value in {"X-App-Id": live_stack.app_id, "X-App-Token": live_stack.app_token}.items():
            request.add_header(name, value)
        request.add_header("Content-Type", "application/json")
        try:
            urlopen(request).close()
        except OSError as refusal:
            refusal.close()

    post(
        f"/v1/vouchers/{code}",
        {
            "type": "DISCOUNT_VOUCHER",
            "discount": {"type": "AMOUNT", "amount_off": 1000},
            "redemption": {"quantity": 4},
        },
    )
    for number in range(6):
        body = {"order": {"amount": 5000}, "metadata": {"till": number % 2}}
        post(f"/v1/vouchers/{code}/redemption", body)
    return f"/redemptions/?code={code}&period=1h"


def listed(page: Page, number: int) -> None:
    expect(page.locator("#list tbody tr")).to_have_count(number)


def test_the_mouse_drags_a_range_and_clicks_what_to_see(sign_in: Callable[..., Page], question: str):
    page = sign_in("user")
    page.goto(question)
    bars = page.locator("svg.bars")
    expect(bars).to_be_visible()
    box = bars.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 40, steps=4)
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 40, steps=4)
    page.mouse.up()
    page.wait_for_url("**date_from=**date_to=**")
    assert "period=" not in page.url
    listed(page, 6)

    # A value of a facet, then another one not; they stay open once they were opened.
    page.get_by_text("Most frequent values").click()
    page.get_by_role("link", name="Only Redemption quantity exceeded: 2").click()
    listed(page, 2)
    expect(page.get_by_role("link", name="Redemption quantity exceeded, included: take it out")).to_be_visible()
    page.get_by_label("Count the values of").select_option("till")
    page.wait_for_url("**facet=till**")
    page.get_by_role("link", name="Without 1", exact=True).click()
    listed(page, 1)
    expect(page.get_by_role("link", name="1, excluded: take it out of the question")).to_be_visible()

    # A part of a bar.
    page.goto(question)
    page.locator("svg.bars a.part rect.fill-failed").first.click()
    page.wait_for_url("**status=FAILED**")
    listed(page, 2)


def test_the_keyboard_walks_the_bars_and_chooses_one(sign_in: Callable[..., Page], question: str):
    page = sign_in("viewer")
    page.goto(question)
    bars = page.locator("svg.bars a.bar")
    expect(bars.first).to_be_attached()
    # One stop of the Tab key, from which the arrows go on.
    page.locator("svg.bars[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    assert bars.first.evaluate("bar => bar === document.activeElement")
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowRight")
    assert bars.last.evaluate("bar => bar === document.activeElement")
    page.keyboard.press("Enter")
    page.wait_for_url("**date_from=**")
    # The same bars as a table.
    page.goto(question)
    page.get_by_text("Show as table").click()
    rows = page.get_by_role("region", name="The histogram as a table").get_by_role("row")
    assert rows.count() == bars.count() + 1


def test_without_javascript_a_link_leads_to_both(sign_in: Callable[..., Page], question: str):
    page = sign_in("user", java_script_enabled=False)
    page.goto(question)
    listed(page, 6)
    page.get_by_role("link", name="Show the histogram and the most frequent values").click()
    expect(page.locator("svg.bars")).to_be_visible()
    page.get_by_label("Count the values of").select_option("till")
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="Show the histogram and the most frequent values").click()
    page.get_by_role("link", name="Only 0: 3").click()
    listed(page, 3)
