"""Segments on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from campaigns.models import Segment
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import BodyIn, Name, Timestamp, example, iso

MOST_CUSTOMERS = 20_000


class SegmentIn(BodyIn):
    """A named group of customers, each given by their id."""

    model_config = example({"name": "VIP", "type": "static", "customers": ["cust_0f1e2d3c4b5a69788f"]})

    name: Name
    type: Literal["static", "auto-update", "passive"] | None = None
    customers: list[Name] | None = Field(
        None, max_length=MOST_CUSTOMERS, description="Ids of customers.", examples=[["cust_0f1e2d3c4b5a69788f"]]
    )

    def check_type(self) -> None:
        """Raise ApiError 400 for the kinds of segment that would need a filter to be evaluated."""
        if self.type not in (None, "static"):
            raise invalid_payload(
                f"Segments of the type '{self.type}' are not supported by this version: only static ones are; "
                "send type 'static' and the list of customers"
            )


class SegmentOut(BaseModel):
    id: str = Field(examples=["seg_0f1e2d3c4b5a69788f"])
    name: str
    created_at: Timestamp
    updated_at: Timestamp | None
    type: Literal["static"]
    filter: dict[str, Any] | None
    object: Literal["segment"]


class SegmentListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[SegmentOut]
    total: int


def segment_out(segment: Segment) -> dict[str, Any]:
    """Return Voucherify's segment object."""
    return {
        "id": segment.public_id,
        "name": segment.name,
        "created_at": iso(segment.created_at),
        "updated_at": iso(segment.updated_at),
        "type": segment.type,
        "filter": segment.filter,
        "object": "segment",
    }
