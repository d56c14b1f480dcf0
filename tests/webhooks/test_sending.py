"""One body is posted to one address: what came back, and what stops it."""

import time

import pytest

from voucherify_admin.webhooks import sending


def send(url: str, **changes):
    return sending.post(url, b'{"a":1}', {"X-Test": "1"}, **{"allow_private": True, **changes})


def test_an_answer_is_told(receiver):
    outcome = send(receiver.url)
    assert (outcome.status, outcome.body, outcome.error, outcome.is_success) == (200, '{"ok":true}', "", True)
    (got,) = receiver.got
    assert (got.path, got.body, got.headers["x-test"]) == ("/hooks?a=1", b'{"a":1}', "1")
    assert got.headers["host"] == receiver.url.split("/")[2]
    assert got.headers["content-length"] == "7"


def test_a_redirect_is_not_followed(receiver):
    receiver.status, receiver.answer_headers = 302, {"Location": receiver.url}
    outcome = send(receiver.url)
    assert (outcome.status, outcome.is_success, len(receiver.got)) == (302, False, 1)
    assert "redirect, which is not followed" in outcome.error


def test_a_refusal_of_the_receiver_is_told(receiver):
    receiver.status, receiver.answer = 503, "schön\x00".encode() + b"\xff" + b"x" * 10_000
    outcome = send(receiver.url)
    assert (outcome.status, outcome.error) == (503, "The receiver answered with the status 503.")
    assert outcome.body.startswith("schön\ufffd\ufffdxxx")
    assert len(outcome.body) <= sending.MOST_ANSWERED


@pytest.mark.parametrize("answer", [b"", b"x" * 1000])
def test_a_receiver_that_takes_its_time_is_given_up(receiver, answer):
    receiver.answer, receiver.drip = b"slow" * 100, 0.05
    began = time.monotonic()
    outcome = send(receiver.url, seconds=0.5)
    assert time.monotonic() - began < 3
    assert (outcome.is_success, outcome.error) == (False, "No whole answer came within 0.5 seconds.")


def test_nobody_there_is_told(receiver):
    assert send("http://127.0.0.1:1/").error == "The connection failed: Connection refused."
    assert send(receiver.url.replace("http:", "https:")).error.startswith("The secure connection failed")
    assert "could not be resolved" in send("http://nowhere.invalid/").error


def test_a_private_network_is_not_even_tried(receiver):
    outcome = send(receiver.url, allow_private=False)
    assert "not on the public Internet" in outcome.error
    assert receiver.got == []
