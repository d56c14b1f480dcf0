"""Logs each call to the API, and acts of staff that ask for it; never fails the request that it logs."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.utils import timezone

from voucherify_admin.api.body import client_ip
from voucherify_admin.api.errors import ApiError, shaped
from voucherify_admin.api.limits import Allowance, allowance_of, tell
from voucherify_admin.api.models import ApiCall, ApiKey, ClientKey, new_request_id
from voucherify_admin.api.origins import CLIENT_PREFIX
from voucherify_admin.api.redaction import redact, redact_text

logger = logging.getLogger(__name__)

API_PREFIXES = ("/v1/", CLIENT_PREFIX)
DASHBOARD = "dashboard"
# The documentation is read by people; it is no call.
NOT_CALLS = tuple(prefix + page for prefix in API_PREFIXES for page in ("docs", "openapi.json"))


@dataclass
class CallRecord:
    """What a view adds to the log line of its own request; hangs on `request.call`."""

    request_id: str = field(default_factory=new_request_id)
    started: float = field(default_factory=time.monotonic)
    is_logged: bool = False
    key: ApiKey | ClientKey | None = None
    # What is left of the key's calls; and the page's origin, once the key is known to be for it.
    allowance: Allowance | None = None
    origin: str = ""
    answer: Any = None
    # What is logged instead of an address that names somebody who must not be named any more.
    path: str = ""
    is_replayed: bool = False
    status: int | None = None
    touched: list[tuple[str, str]] = field(default_factory=list)

    def touch(self, object_type: str, object_id: str) -> None:
        """Tie the call to an object by name, e.g. ("voucher", "SPRING-1") or ("redemption", "r_0d…")."""
        if object_id and (object_type, object_id[:200]) not in self.touched:
            self.touched.append((object_type, object_id[:200]))

    def log_as_event(self, answer: Any, *, status: int) -> None:
        """Log this request of the dashboard too, with what the API would have answered to the same act.

        A page is answered with a redirect or with HTML, which says nothing of what came of it.
        """
        self.is_logged = True
        self.answer = answer
        self.status = status


def _text(raw: bytes | str) -> str:
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else raw
    # PostgreSQL's texts hold anything but NUL and halves of surrogate pairs, which an escape in JSON can name.
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def _cut(text: str) -> tuple[str, bool]:
    limit = settings.CALL_LOG_BODY_BYTES
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit:
        return text, False
    return encoded[:limit].decode("utf-8", "ignore"), True


def _is_upload(request: HttpRequest) -> bool:
    """Whether a file comes, which is read by its endpoint and may be larger than any other body."""
    return request.path.endswith("/importCSV") and request.content_type == "multipart/form-data"


def _request_text(request: HttpRequest) -> str:
    """The body for the log. Raises RequestDataTooBig, UnreadablePostError."""
    if not _is_upload(request):
        return redact_text(_text(request.body))
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.IMPORT_MAX_BYTES:
        raise RequestDataTooBig
    return "(a file; not kept in the log)"


def _response_text(response: HttpResponse, record: CallRecord) -> str:
    if record.answer is not None:
        return json.dumps(redact(record.answer), ensure_ascii=False, default=str)
    if response.streaming or "attachment" in response.get("Content-Disposition", ""):
        return "(a file; not kept in the log)"
    return redact_text(_text(response.content))


class CallLogMiddleware:
    """Stands outermost, so that it sees every answer, errors of other middleware included."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.call = CallRecord()
        is_api = request.path.startswith(API_PREFIXES) and not request.path.startswith(NOT_CALLS)
        # What a browser asks before it calls is no call either.
        is_api = is_api and not (request.method == "OPTIONS" and request.path.startswith(CLIENT_PREFIX))
        request.call.is_logged = is_api
        if not is_api:
            response = self.get_response(request)
            if request.call.is_logged:
                form = {
                    key: values if len(values) > 1 else values[0]
                    for key, values in request.POST.lists()
                    if key != "csrfmiddlewaretoken"
                }
                body = json.dumps(redact(form), ensure_ascii=False)
                self._write(request, response, body, channel=DASHBOARD, user=request.user)
            return response

        try:
            body = _request_text(request)
        except RequestDataTooBig:
            body = "(larger than the limit; not read)"
            limit = settings.IMPORT_MAX_BYTES if _is_upload(request) else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
            details = f"A body may have {limit} bytes at the most"
            response = ApiError(413, "payload_too_large", "Payload too large", details).response(request)
        except UnreadablePostError:
            # The caller hung up: there is nobody to answer.
            body = "(broken off)"
            response = ApiError(400, "invalid_payload", "Invalid payload", "The body broke off").response(request)
        else:
            response = shaped(request, self.get_response(request))
            if request.call.is_replayed:
                response["Idempotency-Replayed"] = "true"
        tell(response, request.call.allowance or allowance_of(None))
        channel = request.headers.get("X-Voucherify-Channel", "") or "API"
        # What staff do is told apart by this word, so no caller may use it.
        self._write(request, response, body, channel="API" if channel.lower() == DASHBOARD else channel)
        return response

    def _write(
        self, request: HttpRequest, response: HttpResponse, body: str, *, channel: str, user: Any = None
    ) -> None:
        record = request.call
        try:
            request_body, request_cut = _cut(_text(body))
            response_body, response_cut = _cut(_text(_response_text(response, record)))
            match = request.resolver_match
            code = match.kwargs.get("code", "") if match else ""
            if not any(kind == "voucher" for kind, _ in record.touched):
                # A call that was refused before its endpoint could say so (its body, its key) is about this code too.
                record.touch("voucher", code)
            call = ApiCall(
                created_at=timezone.now(),
                request_id=record.request_id,
                method=request.method[:10],
                path=_text(record.path or request.path)[:2000],
                query="" if record.path else redact_text(_text(request.META.get("QUERY_STRING", "")))[:4000],
                endpoint=_endpoint(match.route if match else ""),
                status=record.status or response.status_code,
                duration_ms=int((time.monotonic() - record.started) * 1000),
                channel=_text(channel)[:100],
                app_id=str(record.key.app_id) if record.key else "",
                key_name=record.key.name if record.key else "",
                user_login=user.get_username()[:150] if user else "",
                request_body=request_body,
                request_body_cut=request_cut,
                response_body=response_body,
                response_body_cut=response_cut,
                ip_address=client_ip(request),
                origin=_text(request.headers.get("Origin", ""))[:300],
                user_agent=_text(request.headers.get("User-Agent", ""))[:500],
                is_replayed=record.is_replayed,
            )
            ApiCall.objects.log(call, [(kind, _text(name)) for kind, name in record.touched])
        except Exception:
            # The answer is true whether or not it was logged; losing a log line must not turn it into an error.
            logger.exception("The call %s could not be logged", record.request_id)


def _endpoint(route: str) -> str:
    """Return `/v1/vouchers/{code}/redemption` for Django's `v1/vouchers/<path:code>/redemption`."""
    parts = []
    for part in route.split("<"):
        head, closing, tail = part.partition(">")
        parts.append(f"{{{head.rpartition(':')[2]}}}{tail}" if closing else part)
    return ("/" + "".join(parts))[:200] if route else ""
