"""How ninja reads a request's body: as `read_json` does, so that every endpoint refuses the same things."""

from typing import Any

from django.http import HttpRequest
from ninja.parser import Parser

from voucherify_admin.api.body import read_json


class BodyParser(Parser):
    """Reads JSON whatever the Content-Type says, as Voucherify does."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body's JSON value; raise ApiError 400 for what is none, or cannot be stored."""
        return read_json(request)
