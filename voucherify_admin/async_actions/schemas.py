"""The wire shapes of asynchronous actions."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from voucherify_admin.api.wire import Timestamp, iso
from voucherify_admin.async_actions.models import AsyncAction

# More rows that failed are not shown in one answer; the CSV of the results has all of them.
MOST_FAILED = 1000


class AsyncActionIdOut(BaseModel):
    """What is answered with 202: ask for the action until it is DONE."""

    async_action_id: str = Field(examples=["aa_0f1e2d3c4b5a69788f"])


class AsyncActionOut(BaseModel):
    """An asynchronous action; `result` is told of a single one that has ended."""

    id: str = Field(examples=["aa_0f1e2d3c4b5a69788f"])
    object: Literal["async_action"]
    type: str = Field(examples=["VOUCHERS.IMPORT"])
    status: Literal["ENQUEUED", "IN_PROGRESS", "DONE", "FAILED"]
    operation_status: Literal["SUCCESS", "FAILED", "UNKNOWN"]
    progress: int
    processing_time: int = Field(description="Milliseconds.")
    request_id: str | None
    created_at: Timestamp
    updated_at: Timestamp
    result: dict[str, Any] | None = Field(
        None,
        description=f"`message`, `done_count`, `failed_count` and `failed`: the first {MOST_FAILED} rows that could "
        "not be used, each with `row`, `code` and `message`.",
    )


class AsyncActionListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["async_actions"]
    async_actions: list[AsyncActionOut]
    total: int


def async_action_out(action: AsyncAction, *, with_result: bool = False) -> dict[str, Any]:
    """Return the action on the wire."""
    last = action.finished_at or action.heartbeat_at
    took = (last - action.started_at).total_seconds() * 1000 if action.started_at else 0
    out = {
        "id": action.public_id,
        "object": "async_action",
        "type": action.type,
        "status": action.status,
        "operation_status": action.operation_status,
        "progress": action.percent,
        "processing_time": max(0, int(took)),
        "request_id": action.request_id or None,
        "created_at": iso(action.created_at),
        "updated_at": iso(last),
    }
    if with_result:
        out["result"] = None if action.is_under_way else action.result(most=MOST_FAILED)
    return out
