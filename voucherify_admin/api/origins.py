"""Lets browsers call the client-side API from the pages of a shop, and from no other; knows no endpoint."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from voucherify_admin.api.models import ClientKey

CLIENT_PREFIX = "/client/v1/"
METHODS = "GET, POST, OPTIONS"
HEADERS = (
    "X-Client-Application-Id, X-Client-Token, X-Voucherify-Channel, X-Voucherify-API-Version, Content-Type, "
    "Idempotency-Key"
)
TOLD = "X-Rate-Limit-Limit, X-Rate-Limit-Remaining, X-Rate-Limit-Retry, Retry-After"
REMEMBERED_SECONDS = 600


def origin_of(request: HttpRequest) -> str:
    """Return the page's origin as the browser tells it, e.g. https://shop.example.com; empty without one."""
    return request.headers.get("Origin", "").rstrip("/").lower()


class ClientOriginMiddleware:
    """Answers a browser's question beforehand (preflight), and marks answers that its page may read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(CLIENT_PREFIX):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return self._answer_beforehand(request)
        response = self.get_response(request)
        # Set when the key knows this origin; a page elsewhere is told nothing, not even why.
        if request.call.origin:
            response["Access-Control-Allow-Origin"] = request.call.origin
            response["Access-Control-Expose-Headers"] = TOLD
        patch_vary_headers(response, ["Origin"])
        return response

    def _answer_beforehand(self, request: HttpRequest) -> HttpResponse:
        """The question comes without a key, so any active key's list will do; the call itself is checked anew."""
        response = HttpResponse(status=204)
        origin = origin_of(request)
        if origin and ClientKey.objects.filter(is_active=True, origins__contains=[origin]).exists():
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Allow-Methods"] = METHODS
            response["Access-Control-Allow-Headers"] = HEADERS
            response["Access-Control-Max-Age"] = str(REMEMBERED_SECONDS)
        patch_vary_headers(response, ["Origin"])
        return response
