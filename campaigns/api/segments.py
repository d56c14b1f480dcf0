"""Segments, static and by filter: creating, reading, deleting."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns import actions
from campaigns.api.campaigns import source_of
from campaigns.models import Segment
from campaigns.schemas.segment import SegmentIn, SegmentListOut, SegmentOut, segment_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import not_found
from voucherify_admin.api.wire import ListQuery, errors, found

router = Router(tags=["Segments"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "name": "name", "id": "public_id"}


@router.post(
    "/segments",
    auth=KeyAuth("campaigns.add_segment"),
    response={200: SegmentOut, **errors(400, 404)},
    summary="Create a segment",
)
def create_segment(request: HttpRequest, payload: SegmentIn) -> dict[str, Any]:
    """Create a static segment of the customers whose ids are given, or one of those who meet a filter at any time."""
    payload.check()
    if payload.kind != "static":
        segment = Segment.objects.create(name=payload.name, type=payload.kind, filter=payload.filter)
        request.call.touch("segment", segment.public_id)
        return segment_out(segment)
    try:
        segment = actions.create_segment(
            payload.name, payload.customers or [], source=source_of(request), now=timezone.now()
        )
    except actions.UnknownCustomer as error:
        raise not_found("customer", error.reference) from error
    request.call.touch("segment", segment.public_id)
    return segment_out(segment)


@router.get(
    "/segments",
    auth=KeyAuth("campaigns.view_segment"),
    response={200: SegmentListOut, **errors(400)},
    summary="List segments",
)
def list_segments(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """Return one page of segments, newest first."""
    return lists.answer(request, Segment.objects.all(), data_ref="data", to_wire=segment_out, order=ORDER)


@router.get(
    "/segments/{segment_id}",
    auth=KeyAuth("campaigns.view_segment"),
    response={200: SegmentOut, **errors(404)},
    summary="Get a segment",
)
def get_segment(request: HttpRequest, segment_id: str) -> dict[str, Any]:
    """Return the segment with this id."""
    segment = found(Segment.objects.filter(public_id=segment_id), "segment", segment_id)
    request.call.touch("segment", segment.public_id)
    return segment_out(segment)


@router.delete(
    "/segments/{segment_id}",
    auth=KeyAuth("campaigns.delete_segment"),
    response={204: None, **errors(404)},
    summary="Delete a segment",
)
def delete_segment(request: HttpRequest, segment_id: str) -> Status[None]:
    """Delete the segment; its customers stay. Nobody is in it any more for the rules that ask."""
    segment = found(Segment.objects.filter(public_id=segment_id), "segment", segment_id)
    request.call.touch("segment", segment.public_id)
    actions.delete_segment(segment, source=source_of(request), now=timezone.now())
    return Status(204, None)
