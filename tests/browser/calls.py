"""Calls to the running API, with which the browser tests make what they look at."""

import json
from urllib.request import Request, urlopen

from tests.live import LiveStack


def post(stack: LiveStack, path: str, body: dict) -> dict:
    """Call the running API and return its answer, a refusal included."""
    request = Request(stack.url + path, json.dumps(body).encode(), method="POST")
    for name, value in {"X-App-Id": stack.app_id, "X-App-Token": stack.app_token}.items():
        request.add_header(name, value)
    request.add_header("Content-Type", "application/json")
    try:
        with urlopen(request) as answer:
            return json.load(answer)
    except OSError as refusal:
        return json.load(refusal)
