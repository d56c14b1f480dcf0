"""A shop's page on another origin calls the client-side API from a real browser; a page of anybody else cannot."""

import json
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.test_marketing_journey import post
from tests.live import LiveStack

pytestmark = pytest.mark.browser

# What a shop's script does; the browser alone decides whether it may read the answer.
CALL = """
async ([url, options]) => {
  try {
    const answer = await fetch(url, options)
    return {status: answer.status, limit: answer.headers.get("X-Rate-Limit-Limit"), body: await answer.json()}
  } catch (error) {
    return {blocked: String(error)}
  }
}
"""
ISSUE = """
import json
from voucherify_admin.api.models import ClientKey
key, token = ClientKey.objects.issue(name="Cart page", origins=["{origin}"], may_redeem=True)
print(json.dumps({{"X-Client-Application-Id": str(key.app_id), "X-Client-Token": token}}))
"""


class Shopfront(BaseHTTPRequestHandler):
    """An empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Shop</title><link rel=icon href=data:,>")

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def shopfront() -> Iterator[str]:
    """The origin of a web server of its own, for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shopfront)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def shop() -> Iterator[str]:
    with shopfront() as origin:
        yield origin


@pytest.fixture
def stranger() -> Iterator[str]:
    with shopfront() as origin:
        yield origin


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def code(live_stack: LiveStack) -> str:
    name = f"CART-{uuid.uuid4().hex[:6].upper()}"
    discount = {"type": "AMOUNT", "amount_off": 1000}
    post(live_stack, f"/v1/vouchers/{name}", {"type": "DISCOUNT_VOUCHER", "discount": discount})
    return name


def issued(stack: LiveStack, origin: str) -> dict[str, str]:
    """Issue a key for the pages of this origin and return the headers that a page sends with it."""
    return json.loads(stack.manage("shell", "-v0", "-c", ISSUE.format(origin=origin)).strip().splitlines()[-1])


def call(page: Page, url: str, headers: dict[str, str], body: dict | None = None) -> dict:
    """Have the page's script call and return what it could read, or that it was blocked."""
    options: dict = {"headers": headers}
    if body is not None:
        options |= {"method": "POST", "body": json.dumps(body)}
        options["headers"] = {**headers, "Content-Type": "application/json"}
    return page.evaluate(CALL, [url, options])


def uses(stack: LiveStack, code: str) -> int:
    request = Request(f"{stack.url}/v1/vouchers/{code}", headers={"X-App-Id": stack.app_id})
    request.add_header("X-App-Token", stack.app_token)
    with urlopen(request) as answer:
        return json.load(answer)["redemption"]["redeemed_quantity"]


def test_a_page_of_the_shop_validates_and_redeems(live_stack, page, shop, code):
    keys, api = issued(live_stack, shop), f"{live_stack.url}/client/v1"
    page.goto(shop)

    valid = call(page, f"{api}/validate?code={code}&amount=5000", keys)
    assert (valid["status"], valid["body"]["valid"], valid["body"]["order"]["total_amount"]) == (200, True, 4000)
    assert valid["limit"] is not None, "the script may read what is left of its calls"
    used = call(page, f"{api}/redeem?code={code}", keys, {"order": {"amount": 5000}})
    assert (used["status"], used["body"]["result"]) == (200, "SUCCESS")
    assert uses(live_stack, code) == 1
    # A refusal is read as well, so that the page can say why.
    refused = call(page, f"{api}/redeem?code=NONE-{code}", keys, {"order": {"amount": 5000}})
    assert (refused["status"], refused["body"]["key"]) == (404, "not_found")
    # The key of pages opens no other door.
    assert "Failed to fetch" in call(page, f"{live_stack.url}/v1/vouchers/{code}", keys)["blocked"]


def test_a_page_of_anybody_else_can_neither_validate_nor_redeem(live_stack, page, shop, stranger, code):
    keys, api = issued(live_stack, shop), f"{live_stack.url}/client/v1"
    page.goto(stranger)

    def blocked() -> None:
        for url, body in ((f"{api}/validate?code={code}", None), (f"{api}/redeem?code={code}", {})):
            assert "Failed to fetch" in call(page, url, keys, body)["blocked"]
        assert uses(live_stack, code) == 0

    blocked()
    # Its own key makes the browser ask no more beforehand; the shop's key is refused there all the same.
    own = issued(live_stack, stranger)
    assert call(page, f"{api}/validate?code={code}", own)["status"] == 200
    blocked()
