"""A list tells of new rows, moves none by itself, and is quiet while it is paused."""

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_marketing_journey import post
from tests.live import LiveStack

pytestmark = pytest.mark.browser

# Milliseconds; it looks every fifteen seconds.
A_WHILE = 17_000


def test_new_attempts_are_announced_and_come_in_by_a_click_without_a_row_moving_before(
    sign_in: Callable[..., Page], live_stack: LiveStack
):
    code = f"LIVE-{uuid.uuid4().hex[:6].upper()}"

    def attempt() -> None:
        post(live_stack, f"/v1/vouchers/{code}/redemption", {"order": {"amount": 5000}})

    attempt()
    page = sign_in("user")
    page.clock.install()
    page.goto(f"/redemptions/?code={code}")
    rows = page.locator("#list tbody tr")
    expect(rows).to_have_count(1)
    place = rows.first.bounding_box()

    attempt()
    attempt()
    page.clock.run_for(A_WHILE)
    news = page.get_by_role("link", name="2 new attempts · show")
    expect(news).to_be_visible()
    expect(rows).to_have_count(1)
    assert rows.first.bounding_box() == place

    news.click()
    expect(rows).to_have_count(3)
    expect(news).to_have_count(0)
    assert page.url.endswith(f"/redemptions/?code={code}")

    page.get_by_role("button", name="Live", exact=True).click()
    expect(page.get_by_role("button", name="Live, paused")).to_be_visible()
    attempt()
    page.clock.run_for(A_WHILE)
    expect(page.get_by_text("1 new attempt")).to_have_count(0)
    # Remembered for the session, on other lists too.
    page.goto("/log/")
    expect(page.get_by_role("button", name="Live, paused")).to_be_visible()
    page.goto(f"/redemptions/?code={code}")
    attempt()
    page.get_by_role("button", name="Live, paused").click()
    page.clock.run_for(A_WHILE)
    expect(page.get_by_role("link", name="1 new attempt · show")).to_be_visible()


def test_without_javascript_nothing_pretends_to_be_live(sign_in: Callable[..., Page]):
    page = sign_in("user", java_script_enabled=False)
    page.goto("/redemptions/")
    expect(page.get_by_text("Live", exact=True)).to_be_hidden()
