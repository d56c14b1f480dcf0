"""The API of access itself: a key pair becomes a bearer token."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from voucherify_admin.api import tokens
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.body import read_json
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import errors

router = Router(tags=["Access"])


class TokenIn(BaseModel):
    """The form of OAuth's client credentials."""

    grant_type: Literal["client_credentials"]
    scope: Annotated[Literal["api"], Field(description="What the key's role may do; there are no narrower scopes.")] = (
        "api"
    )


class TokenOut(BaseModel):
    access_token: str
    client_id: str = Field(description="The key's X-App-Id.")
    expires_at: int = Field(description="Unix seconds.")
    expires_in: int = Field(description="Seconds.", examples=[900])
    scope: Literal["api"]
    token_type: Literal["Bearer"]


@router.post(
    "/oauth/token",
    auth=KeyAuth(None, takes_tokens=False),
    response={200: TokenOut, **errors(400)},
    summary="Get a bearer token",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/x-www-form-urlencoded": {"schema": TokenIn.model_json_schema()}},
        }
    },
)
def issue_token(request: HttpRequest) -> dict[str, Any]:
    """Answer a token that stands for the key pair for 15 minutes, in the header `Authorization: Bearer`.

    It ends before that when the key is deactivated.
    """
    asked = _asked(request)
    if asked.get("grant_type") != "client_credentials":
        raise invalid_payload(
            "Property .grant_type should be equal to one of the allowed values [ client_credentials ]"
        )
    if asked.get("scope", tokens.SCOPE) != tokens.SCOPE:
        raise invalid_payload(f"Property .scope should be equal to one of the allowed values [ {tokens.SCOPE} ]")
    key = request.call.key
    token = tokens.issue(key)
    return {
        "access_token": token.text,
        "client_id": str(key.app_id),
        "expires_at": token.expires_at,
        "expires_in": tokens.SECONDS,
        "scope": tokens.SCOPE,
        "token_type": "Bearer",
    }


def _asked(request: HttpRequest) -> dict[str, Any]:
    """The form; JSON is read too, for clients that send nothing else."""
    if request.content_type != "application/json":
        return request.POST.dict()
    body = read_json(request)
    return body if isinstance(body, dict) else {}
