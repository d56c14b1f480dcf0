"""Answers a call that is sent again with its Idempotency-Key as it was answered first; knows no endpoint.

The key's row is the first that the call's transaction writes, and the answer the last: who sends the same key meanwhile
waits at the unique index, and a process that is killed between effect and answer leaves neither.
"""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from ninja.responses import NinjaJSONEncoder

from voucherify_admin.api.errors import ApiError
from voucherify_admin.api.models import IdempotentAnswer

HEADER = "Idempotency-Key"
MOST_CHARACTERS = 255
# What was refused before the call was looked at is not kept: with a better key it may be tried again.
NOT_KEPT = (401, 403)
# What the OpenAPI document says of it.
IDEMPOTENT = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Sent again with the same key the call has no second effect and gets the first answer.",
            "schema": {"type": "string", "maxLength": MOST_CHARACTERS},
        }
    ]
}


def idempotent(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """Make an endpoint keep its answer, refusals included, for the callers that send an Idempotency-Key.

    Stands below the router's decorator, so that the key of the API is known by then. The endpoint returns what JSON
    can hold, or raises ApiError.
    """

    @wraps(endpoint)
    def once(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return endpoint(request, *args, **kwargs)
        if len(key) > MOST_CHARACTERS or "\x00" in key:
            details = f"The header {HEADER} may have {MOST_CHARACTERS} characters at the most"
            raise ApiError(400, "invalid_idempotency_key", "Invalid idempotency key", details)
        refusal = None
        with transaction.atomic():
            kept, is_first = IdempotentAnswer.objects.claim(
                str(request.call.key.app_id), key, fingerprint(request), now=timezone.now()
            )
            if not is_first:
                return _again(request, kept)
            try:
                answer: Any = endpoint(request, *args, **kwargs)
                status, stored = 200, answer
            except ApiError as error:
                if error.status in NOT_KEPT:
                    raise
                refusal = error
                status, stored = error.status, {**error.body, "request_id": request.call.request_id}
            text = json.dumps(stored, cls=NinjaJSONEncoder, ensure_ascii=False)
            kept.keep(status, text, touched=request.call.touched)
        if refusal is not None:
            raise refusal
        return answer

    return once


def fingerprint(request: HttpRequest) -> str:
    """Return what two calls have in common that ask for the same: method, address and body, as one digest."""
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request.body).hexdigest()


def _again(request: HttpRequest, kept: IdempotentAnswer) -> Any:
    if kept.fingerprint != fingerprint(request):
        raise ApiError(
            409,
            "idempotency_key_reused",
            "Idempotency key reused",
            f"The {HEADER} was sent before with another path or body; send a new key with a new request",
        )
    request.call.is_replayed = True
    for kind, name in kept.touched:
        request.call.touch(kind, name)
    body = json.loads(kept.body)
    return body if kept.status == 200 else JsonResponse(body, status=kept.status)
