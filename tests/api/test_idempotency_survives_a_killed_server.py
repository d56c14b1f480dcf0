"""The web server is killed in the middle of a redemption with an Idempotency-Key; sent again it has happened once."""

import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from tests.live import LiveStack

# The call that waits for the table, and whether its transaction has written to the voucher.
WAITING = """
SELECT bool_or(held.mode = 'RowExclusiveLock') FROM pg_locks waiting
LEFT JOIN pg_locks held ON held.pid = waiting.pid AND held.granted AND held.relation = 'vouchers_voucher'::regclass
WHERE waiting.relation = %s::regclass AND NOT waiting.granted GROUP BY waiting.pid
"""
EFFECTS = (
    "SELECT (SELECT count(*) FROM redemptions_redemption WHERE code = %(code)s),"
    " (SELECT redeemed_quantity FROM vouchers_voucher WHERE code = %(code)s),"
    " (SELECT gift_balance FROM vouchers_voucher WHERE code = %(code)s),"
    " (SELECT count(*) FROM redemptions_order WHERE source_id = %(code)s)"
)


@pytest.fixture
def stack(live_stack: LiveStack) -> Iterator[LiveStack]:
    """The running product, whose web server answers again after the test."""
    yield live_stack
    live_stack.start_web()


@contextmanager
def database_of(stack: LiveStack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.env["DATABASE_URL"], autocommit=True) as connection:
        yield connection


def post(stack: LiveStack, path: str, body: dict[str, Any], **headers: str) -> tuple[dict[str, Any], bool]:
    """Return the answer and whether it is one that was given before."""
    own = {"X-App-Id": stack.app_id, "X-App-Token": stack.app_token, "Content-Type": "application/json", **headers}
    request = urllib.request.Request(f"{stack.url}{path}", json.dumps(body).encode(), own, method="POST")
    try:
        answer = urllib.request.urlopen(request, timeout=60)
    except urllib.error.HTTPError as refused:
        answer = refused
    with answer:
        return json.loads(answer.read()), answer.headers.get("Idempotency-Replayed") == "true"


def wait_until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def kill_while_waiting_for(table: str, stack: LiveStack, send: Callable[[], Any]) -> tuple[list[Any], bool]:
    """Kill the web server when the call waits to write into this table.

    Returns what was answered, which is nothing, and whether the voucher was spent by then, but not committed.
    """
    answers: list[Any] = []
    waiting: list[tuple[bool | None]] = []

    def call() -> None:
        try:
            answers.append(send())
        except (OSError, http.client.HTTPException):
            pass  # the server is gone

    def waits() -> bool:
        waiting.extend(watcher.execute(WAITING, [table]))
        return bool(waiting)

    caller = threading.Thread(target=call)
    with database_of(stack) as barrier, database_of(stack) as watcher, barrier.transaction():
        # Whoever wants to read may.
        barrier.execute(f"LOCK TABLE {table} IN SHARE MODE")
        caller.start()
        wait_until(waits)
        stack.kill_web()
        caller.join(30)
    return answers, bool(waiting[0][0])


@pytest.mark.parametrize(
    ("table", "credits", "effects"),
    [
        # The attempt is written and the card spent, but nothing is committed yet: the order comes last.
        ("redemptions_order", 2000, (1, 1, 3000, 1)),
        # All of it is committed, together with the answer; it is not given, for the call is to be logged first.
        ("api_apicall", 2000, (1, 1, 3000, 1)),
        ("api_apicall", 5001, (1, 0, 5000, 0)),
    ],
    ids=["before its commit", "before its answer", "refused, before its answer"],
)
def test_what_a_killed_server_did_not_answer_is_sent_again_and_has_happened_once(stack, table, credits, effects):
    code = f"KILLED-{table}-{credits}"
    post(stack, f"/v1/vouchers/{code}", {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}})
    path, headers = f"/v1/vouchers/{code}/redemption", {"Idempotency-Key": code}
    body = {"gift": {"credits": credits}, "order": {"amount": 9000, "source_id": code}}
    is_committed = table == "api_apicall"

    answers, is_spent = kill_while_waiting_for(table, stack, lambda: post(stack, path, body, **headers))

    assert (answers, is_spent) == ([], not is_committed)
    assert effects_on(code, stack) == (effects if is_committed else (0, 0, 5000, 0))
    stack.start_web()
    answer, is_replayed = post(stack, path, body, **headers)
    again, is_replayed_again = post(stack, path, body, **headers)
    assert (is_replayed, is_replayed_again) == (is_committed, True)
    assert again == answer
    if credits > 5000:
        assert (answer["code"], answer["key"]) == (400, "gift_amount_exceeded")
    else:
        assert (answer["result"], answer["gift"], answer["order"]["total_amount"]) == (
            "SUCCESS",
            {"amount": 2000},
            7000,
        )
    assert effects_on(code, stack) == effects


def effects_on(code: str, stack: LiveStack) -> tuple[int, ...]:
    """Attempts, uses, balance and orders of a code, as they are committed."""
    with database_of(stack) as connection:
        return connection.execute(EFFECTS, {"code": code}).fetchone()
