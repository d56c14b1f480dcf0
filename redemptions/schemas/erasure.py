"""What an erasure came to, on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from voucherify_admin.api.wire import Timestamp, iso


class ErasedOut(BaseModel):
    """How many rows were erased: the customer, calls in the log, attempts, memberships of segments, orders."""

    customer: int
    events: int
    customer_events: int
    daily_events: int
    segments: int
    orders: int
    order_events: int


class PermanentDeletionOut(BaseModel):
    """An erasure. The object's name is written as Voucherify writes it."""

    id: str = Field(examples=["del_0f1e2d3c4b5a69788f"])
    created_at: Timestamp
    related_object_id: str
    related_object: Literal["customer"]
    status: Literal["DONE", "IN_PROGRESS"]
    data_json: ErasedOut
    async_action_id: str = Field(description="Ours: the search through the log; IN_PROGRESS ends with it.")
    object: Literal["pernament_deletion"]


def erasure_out(erasure: Any) -> dict[str, Any]:
    """Return Voucherify's object of an erasure, which is `redemptions.actions.Erasure`."""
    return {
        "id": erasure.public_id,
        "created_at": iso(erasure.created_at),
        "related_object_id": erasure.customer_id,
        "related_object": "customer",
        "status": "DONE" if erasure.is_done else "IN_PROGRESS",
        "data_json": {
            "customer": 1,
            "events": erasure.calls,
            "customer_events": erasure.attempts,
            "daily_events": 0,
            "segments": erasure.segments,
            "orders": erasure.orders,
            "order_events": 0,
        },
        "async_action_id": erasure.action.public_id,
        "object": "pernament_deletion",
    }
