"""The calls behind the story, as the API's log would have kept them; decides nothing about a code."""

import json
import random
from datetime import datetime, timedelta
from typing import Any

from voucherify_admin.accounts.models import User
from voucherify_admin.api.errors import ApiError
from voucherify_admin.api.models import ApiCall, ApiKey, CallTouch
from voucherify_admin.api.redaction import redact
from voucherify_admin.demo.assortment import COLLEAGUES, Place
from voucherify_admin.demo.draw import id_at

Touches = list[tuple[str, str]]


def answered(error: ApiError, request_id: str) -> tuple[int, dict[str, Any]]:
    """Return status and body of a refusal, as ApiError.response writes them."""
    return error.status, {**error.body, "request_id": request_id}


class CallBook:
    """Collects calls while the story is told; `save` writes them in the order of their time."""

    def __init__(self, keys: dict[str, ApiKey], *, rng: random.Random) -> None:
        self.keys = keys
        self.rng = rng
        self.calls: list[tuple[ApiCall, Touches]] = []

    def request_id(self, at: datetime) -> str:
        return id_at("v-", at, self.rng)

    def note(
        self,
        place: Place,
        method: str,
        path: str,
        *,
        at: datetime,
        endpoint: str,
        answer: tuple[int, Any],
        touches: Touches,
        request_id: str,
        body: Any = None,
        query: str = "",
        user: User | None = None,
    ) -> None:
        """Note one call: of a place's key, or, with `user`, an act of staff in the dashboard."""
        status, out = answer
        duration = max(3, int(self.rng.lognormvariate(2.9, 0.5)))
        key = None if user else self.keys[place.name]
        call = ApiCall(
            created_at=at + timedelta(milliseconds=duration),
            request_id=request_id,
            method=method,
            path=path,
            query=query,
            endpoint=endpoint,
            status=status,
            duration_ms=duration,
            channel="dashboard" if user else place.client,
            app_id=str(key.app_id) if key else "",
            key_name=key.name if key else "",
            user_login=user.username if user else "",
            request_body="" if body is None else json.dumps(redact(body), ensure_ascii=False),
            response_body=json.dumps(redact(out), ensure_ascii=False, default=str),
            ip_address=self._address(place, user),
            origin=place.origin,
            user_agent="Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:141.0) Firefox/141.0" if user else place.user_agent,
        )
        self.calls.append((call, touches))

    def save(self) -> None:
        """Write all calls, and the partitions of their months before them."""
        self.calls.sort(key=lambda noted: (noted[0].created_at, noted[0].request_id))
        months = sorted({call.created_at.date().replace(day=1) for call, _ in self.calls})
        for month in months:
            ApiCall.objects.ensure_partition(month)
        ApiCall.objects.bulk_create([call for call, _ in self.calls], batch_size=500)
        touched = [
            CallTouch(call_id=call.pk, created_at=call.created_at, object_type=kind, object_id=name)
            for call, touches in self.calls
            for kind, name in touches
            if name
        ]
        CallTouch.objects.bulk_create(touched, batch_size=2000)

    def _address(self, place: Place, user: User | None) -> str:
        """An address from the ranges that are kept free for documentation."""
        if user:
            desk = [username for username, *_ in COLLEAGUES].index(user.username)
            return f"2001:db8:7ea::{desk + 17:x}"
        return f"{place.network}{self.rng.randrange(10, 20)}" if place.network.endswith(".") else place.network
