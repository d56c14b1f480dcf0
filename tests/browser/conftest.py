"""A real Chromium, signed in to the running product."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.live import LiveStack

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), ""
)
# Chromium looks for its maker's hosts when it starts; nothing here may ask for anything outside this machine.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM:
        assert not os.environ.get("REQUIRE_BROWSER"), "the browser tests are demanded and there is no Chromium"
        pytest.skip("needs an installed Chromium (apt-get install chromium)")
    # Playwright's loop would make Django refuse its own synchronous queries in this thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def sign_in(chromium: Browser, live_stack: LiveStack) -> Iterator[Callable[..., Page]]:
    """Return a function that opens the product as a role and fails the test for any error in the browser's console."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_as(role: str, **options) -> Page:
        context = chromium.new_context(base_url=live_stack.url, accept_downloads=True, **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/")
        page.get_by_label("Username").fill(live_stack.users[role]["username"])
        page.get_by_label("Password").fill(live_stack.users[role]["password"])
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(live_stack.url + "/")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert problems == []
