"""The API of asynchronous actions: how far one is and what came of its rows."""

from typing import Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router

from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.wire import ListQuery, errors, found
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.async_actions.results import csv_response
from voucherify_admin.async_actions.schemas import AsyncActionListOut, AsyncActionOut, async_action_out

router = Router(tags=["Async actions"])

VIEW = KeyAuth("async_actions.view_asyncaction")
ORDER = {"created_at": "created_at", "id": "public_id"}


def _found(request: HttpRequest, action_id: str) -> AsyncAction:
    action = found(AsyncAction.objects.filter(public_id=action_id), "async_action", action_id)
    request.call.touch("async_action", action.public_id)
    return action


@router.get(
    "/async-actions",
    auth=VIEW,
    response={200: AsyncActionListOut, **errors(400)},
    exclude_unset=True,
    summary="List asynchronous actions",
)
def list_async_actions(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """Return one page of actions, newest first, without their results."""
    rows = AsyncAction.objects.all()
    return lists.answer(request, rows, data_ref="async_actions", to_wire=async_action_out, order=ORDER)


@router.get(
    "/async-actions/{action_id}",
    auth=VIEW,
    response={200: AsyncActionOut, **errors(404)},
    exclude_unset=True,
    summary="Get an asynchronous action",
)
def get_async_action(request: HttpRequest, action_id: str) -> dict[str, Any]:
    """Return how far the action is, and once it has ended what came of it."""
    return async_action_out(_found(request, action_id), with_result=True)


@router.get(
    "/async-actions/{action_id}/results",
    auth=VIEW,
    response={200: None, **errors(404)},
    summary="Download the results of an asynchronous action",
    openapi_extra={"responses": {200: {"description": "CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}}},
)
def get_async_action_results(request: HttpRequest, action_id: str) -> StreamingHttpResponse:
    """Return what came of each row so far, as CSV: number, code, OK or FAILED, what is wrong."""
    return csv_response(_found(request, action_id))
