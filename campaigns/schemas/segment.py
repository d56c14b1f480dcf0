"""Segments on the wire."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from campaigns import segments
from campaigns.models import Segment
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import BodyIn, Name, Timestamp, example, iso

MOST_CUSTOMERS = 20_000


class SegmentIn(BodyIn):
    """A named group of customers: each given by their id, or all those who meet a filter."""

    model_config = example({"name": "VIP", "type": "static", "customers": ["cust_0f1e2d3c4b5a69788f"]})

    name: Name
    type: Literal["static", "auto-update", "passive"] | None = None
    customers: list[Name] | None = Field(
        None, max_length=MOST_CUSTOMERS, description="Ids of customers.", examples=[["cust_0f1e2d3c4b5a69788f"]]
    )

    filter: dict[str, Any] | None = Field(
        None,
        description="Of the types auto-update and passive: whoever meets it is in the segment.",
        examples=[{"junction": "and", "metadata.tier": {"conditions": {"$is": ["gold"]}}}],
    )

    @property
    def kind(self) -> str:
        """The type; of a segment sent without one, what it has tells."""
        return self.type or ("auto-update" if self.filter else "static")

    def check(self) -> None:
        """Raise ApiError 400, naming the property, for a filter that could not be evaluated or has no place here."""
        if self.kind == "static":
            if self.filter:
                raise invalid_payload("Property .filter is for the types auto-update and passive; leave it out")
            return
        if self.customers:
            raise invalid_payload("Property .customers is for the type static; leave it out")
        try:
            segments.members_q(self.filter)
        except segments.InvalidFilter as error:
            raise invalid_payload(str(error)) from error


class SegmentOut(BaseModel):
    id: str = Field(examples=["seg_0f1e2d3c4b5a69788f"])
    name: str
    created_at: Timestamp
    updated_at: Timestamp | None
    type: Literal["static", "auto-update", "passive"]
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
