"""The running product: a redeem over HTTP reaches a receiver, and an import goes on after its worker was killed."""

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.live import LiveStack
from tests.webhooks.receiver import Receiver

PREPARE = """
from tests.factories import make_voucher
from voucherify_admin.webhooks.models import Target
make_voucher(code="TOLD")
target = Target.objects.create(name="Shop", url="{url}", events=["redemption.succeeded", "redemption.failed"])
print(target.secret)
"""
CLEAR = "from voucherify_admin.webhooks.models import Target; Target.objects.all().delete()"


@pytest.fixture
def stack(live_stack: LiveStack) -> Iterator[LiveStack]:
    """The running product, whose worker may speak to loopback and takes silent colleagues for dead at once."""
    live_stack.kill_worker()
    before = dict(live_stack.env)
    live_stack.env |= {"WEBHOOKS_ALLOW_PRIVATE": "1", "ASYNC_ACTION_STALLED_SECONDS": "2"}
    live_stack.start_worker()
    yield live_stack
    live_stack.kill_worker()
    live_stack.manage("shell", "-v0", "-c", CLEAR)
    live_stack.env.clear()
    live_stack.env.update(before)
    live_stack.start_worker()


def call(stack: LiveStack, method: str, path: str, body: bytes = b"", kind: str = "application/json"):
    address = urlsplit(stack.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
    headers = {"X-App-Id": stack.app_id, "X-App-Token": stack.app_token, "Content-Type": kind}
    connection.request(method, f"/v1{path}", body, headers)
    answer = connection.getresponse()
    read = answer.status, json.loads(answer.read())
    connection.close()
    return read


def test_a_redeem_reaches_the_receiver(stack: LiveStack, receiver: Receiver):
    secret = stack.manage("shell", "-v0", "-c", PREPARE.format(url=receiver.url)).strip().splitlines()[-1]
    assert call(stack, "POST", "/vouchers/TOLD/redemption", b'{"order":{"amount":5000}}')[0] == 200
    assert call(stack, "POST", "/vouchers/UNTOLD/redemption")[0] == 404
    receiver.wait_for(2)
    assert [json.loads(got.body)["type"] for got in receiver.got] == ["redemption.succeeded", "redemption.failed"]
    for got in receiver.got:
        signed = hmac.new(secret.encode(), got.body, hashlib.sha256).hexdigest()
        assert got.headers["x-voucherify-signature"] == signed


def test_an_import_goes_on_after_its_worker_was_killed_and_takes_no_row_twice(stack: LiveStack):
    count = 60_000
    rows = "".join(f"HALF-WAY-{number},AMOUNT,100\n" for number in range(count))
    boundary = "b0und"
    file = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
    body = f"{file}Code,Discount Type,Value\n{rows}\r\n--{boundary}--\r\n".encode()
    status, answer = call(stack, "POST", "/vouchers/importCSV", body, f"multipart/form-data; boundary={boundary}")
    assert status == 202
    path = f"/async-actions/{answer['async_action_id']}"

    def wait_for(condition, seconds: float) -> dict:
        deadline = time.monotonic() + seconds
        while True:
            told = call(stack, "GET", path)[1]
            if condition(told):
                return told
            assert time.monotonic() < deadline, told
            time.sleep(0.05)

    begun = wait_for(lambda told: told["progress"] > 0, 60)
    stack.kill_worker()
    assert begun["status"] == "IN_PROGRESS"
    stack.start_worker()
    told = wait_for(lambda told: told["status"] not in ("ENQUEUED", "IN_PROGRESS"), 120)
    assert (told["status"], told["operation_status"]) == ("DONE", "SUCCESS"), told
    assert (told["result"]["done_count"], told["result"]["failed_count"]) == (count, 0)
    counted = stack.manage(
        "shell",
        "-v0",
        "-c",
        "from vouchers.models import Voucher as V; from voucherify_admin.async_actions.models import *\n"
        f"action = AsyncAction.objects.get(public_id='{answer['async_action_id']}')\n"
        "print(V.objects.filter(code__startswith='HALF-WAY-').count(), action.rows.count(), action.attempt)",
    )
    vouchers, results, attempt = map(int, counted.strip().splitlines()[-1].split())
    assert (vouchers, results) == (count, count)
    assert attempt >= 2, "it was really interrupted"
