"""Voucherify's error object and the handlers that write it; knows no endpoint.

Source of the shape: Voucherify's API reference, "Errors".
"""

import logging
from collections.abc import Sequence
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import ConfigDict

logger = logging.getLogger(__name__)


class ErrorOut(Schema):
    """What every answer with a status of 400 or more holds."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": 404,
                "key": "not_found",
                "message": "Resource not found",
                "details": "Cannot find voucher with id SPRING-10",
                "request_id": "v-0d5b1c0f7a2e4c9f31",
                "resource_id": "SPRING-10",
                "resource_type": "voucher",
            }
        }
    )

    code: int
    key: str
    message: str
    details: str | None = None
    request_id: str | None = None
    resource_id: str | None = None
    resource_type: str | None = None
    error: dict | None = None


class ApiError(Exception):
    """An answer that is an error, in Voucherify's words."""

    def __init__(
        self,
        status: int,
        key: str,
        message: str,
        details: str | None = None,
        *,
        resource_id: str | None = None,
        resource_type: str | None = None,
        error_message: str = "",
        extra: dict | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": status, "key": key, "message": message}
        optional = {"details": details, "resource_id": resource_id, "resource_type": resource_type, **(extra or {})}
        self.body |= {name: value for name, value in optional.items() if value}
        if error_message:
            self.body["error"] = {"message": error_message}

    def response(self, request: HttpRequest) -> JsonResponse:
        return JsonResponse({**self.body, "request_id": request.call.request_id}, status=self.status)


def not_found(resource_type: str, asked: str) -> ApiError:
    """Return the 404 for a resource that was asked for by `asked`."""
    return ApiError(
        404,
        "not_found",
        "Resource not found",
        f"Cannot find {resource_type} with id {asked}",
        resource_id=asked,
        resource_type=resource_type,
    )


def duplicate(resource_type: str, value: str, *, by: str = "id") -> ApiError:
    """Return the 409 for a resource whose code or name is taken."""
    return ApiError(
        409,
        "duplicate_found",
        "Duplicated resource found",
        f"Duplicated {resource_type} exists with {by} {value}",
        resource_id=value,
        resource_type=resource_type,
    )


def invalid_payload(details: str) -> ApiError:
    """Return the 400 for a body that does not fit; `details` names the property and what it should be."""
    return ApiError(400, "invalid_payload", "Invalid payload", details)


def invalid_query(details: str) -> ApiError:
    """Return the 400 for query parameters that do not fit."""
    return ApiError(400, "invalid_query_params", "Invalid query params", details)


UNAUTHORIZED = (401, "unauthorized", "Unauthorized")

_EXPECTED = {
    "string_type": "string",
    "int_type": "integer",
    "int_parsing": "integer",
    "int_from_float": "integer",
    "bool_type": "boolean",
    "bool_parsing": "boolean",
    "dict_type": "object",
    "model_type": "object",
    "model_attributes_type": "object",
    "list_type": "array",
    "decimal_type": "number",
    "decimal_parsing": "number",
    "float_type": "number",
}


def describe(errors: Sequence[dict]) -> str:
    """Return one sentence, in Voucherify's words, for the first of pydantic's errors."""
    error = errors[0]
    # Ninja puts the place ("body") and the argument's name in front of the property's own path.
    location = [part for part in error["loc"] if part not in ("body", "query", "path", "payload", "data")]
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    kind = error["type"]
    if kind == "missing" and not place:
        return "Property . must be object"
    if kind == "missing":
        parent, _, name = place.rpartition(".")
        return f"Property {parent or '.'} should have required property '{name}'"
    if kind in _EXPECTED:
        return f"Property {place or '.'} must be {_EXPECTED[kind]}"
    if "datetime" in kind or kind.startswith("date"):
        return f"Property {place} cannot be recognized as a ISO-8601 compliant date"
    if kind in ("literal_error", "enum"):
        allowed = str(error.get("ctx", {}).get("expected", "")).replace("'", "").replace(" or ", ", ")
        return f"Property {place} should be equal to one of the allowed values [ {allowed} ]"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"Property {place or '.'}: {message}"


def shaped(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Return `response`, or Voucherify's error object in its place when Django answered an error of its own."""
    if response.status_code < 400 or response.get("Content-Type", "").startswith("application/json"):
        return response
    status = response.status_code
    details = None
    if status == 404:
        key, message = "not_found", "Resource not found"
        details = f"There is no {request.method} {request.path}"
    elif status == 405:
        key, message = "method_not_allowed", "HTTP Method Not Allowed"
        details = f"Allowed methods: {response.get('Allow', '')}"
    elif status == 413:
        key, message = "payload_too_large", "Payload too large"
    elif status >= 500:
        key, message = "internal_error", "Internal error"
    else:
        key, message = "invalid_payload", HTTPStatus(status).phrase
    answer = ApiError(status, key, message, details).response(request)
    if "Allow" in response:
        answer["Allow"] = response["Allow"]
    return answer


def install_handlers(api: NinjaAPI) -> None:
    """Make `api` answer every error in Voucherify's shape."""

    @api.exception_handler(ApiError)
    def on_api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
        return error.response(request)

    @api.exception_handler(ValidationError)
    def on_validation_error(request: HttpRequest, error: ValidationError) -> HttpResponse:
        in_query = error.errors[0]["loc"][0] in ("query", "path")
        make = invalid_query if in_query else invalid_payload
        return make(describe(error.errors)).response(request)

    @api.exception_handler(HttpError)
    def on_http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        # Ninja wraps whatever the parser of the body says in an error of its own.
        cause = error.__cause__
        known = cause if isinstance(cause, ApiError) else invalid_payload(str(error))
        return known.response(request)

    @api.exception_handler(Http404)
    def on_not_found(request: HttpRequest, error: Http404) -> HttpResponse:
        return ApiError(404, "not_found", "Resource not found", str(error) or None).response(request)

    @api.exception_handler(Exception)
    def on_anything(request: HttpRequest, error: Exception) -> HttpResponse:
        logger.exception("Unexpected error in %s %s (%s)", request.method, request.path, request.call.request_id)
        return ApiError(500, "internal_error", "Internal error").response(request)
