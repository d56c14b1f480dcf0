"""Roof: the API and every router of the product, on one page."""

from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from campaigns.api import router as campaigns_router
from redemptions.api import router as redemptions_router
from redemptions.api.activity import router as activity_router
from redemptions.api.client import router as client_router
from redemptions.api.customers import router as customers_router
from redemptions.api.orders import router as orders_router
from redemptions.api.summaries import router as summaries_router
from voucherify_admin.api.api import router as access_router
from voucherify_admin.api.errors import install_handlers
from voucherify_admin.api.parser import BodyParser
from voucherify_admin.async_actions.api import router as async_actions_router
from voucherify_admin.exports.api import router as exports_router
from vouchers.api import router as vouchers_router
from vouchers.api.client import router as client_publications_router


class DocumentedAPI(NinjaAPI):
    """Says in the OpenAPI document what ninja cannot know: that a key is two headers, which go together."""

    key_headers = ("X-App-Id", "X-App-Token")

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return the endpoint's own name, which is what generated clients call it by."""
        return operation.view_func.__name__

    def get_openapi_schema(self, **arguments: Any) -> OpenAPISchema:
        """Return the document; each operation that needs a key asks for both of its halves."""
        document = super().get_openapi_schema(**arguments)
        document["components"]["securitySchemes"] = {
            name: {"type": "apiKey", "in": "header", "name": name} for name in self.key_headers
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                if operation.get("security"):
                    operation["security"] = [{name: [] for name in self.key_headers}]
        return document


api = DocumentedAPI(
    title="Redemption API",
    version="v2018-08-01",
    description=(
        "Voucherify's words for vouchers, campaigns, customers and redemptions. Each call carries a key pair in the "
        "headers `X-App-Id` and `X-App-Token`. Amounts are whole cents, times are ISO 8601 in UTC."
    ),
    urls_namespace="v1",
    parser=BodyParser(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
install_handlers(api)

# The first route that fits wins, and a code may hold slashes: /vouchers/{code}/redemption goes before /vouchers/{code}.
# So the routers stand from the top of the house to its bottom.
api.add_router("", redemptions_router)
api.add_router("", orders_router)
api.add_router("", activity_router)
api.add_router("", customers_router)
api.add_router("", summaries_router)
api.add_router("", vouchers_router)
api.add_router("", campaigns_router)
api.add_router("", exports_router)
api.add_router("", access_router)
api.add_router("", async_actions_router)

client_api = DocumentedAPI(
    title="Client-side redemption API",
    version="v2018-08-01",
    description=(
        "What a shop's page may do from the browser. Each call carries a client-side key pair in the headers "
        "`X-Client-Application-Id` and `X-Client-Token` and comes from an origin on the key's list."
    ),
    urls_namespace="client-v1",
    parser=BodyParser(),
    docs_url="/docs",
    openapi_url="/openapi.json",
)
client_api.key_headers = ("X-Client-Application-Id", "X-Client-Token")
install_handlers(client_api)
client_api.add_router("", client_router)
client_api.add_router("", client_publications_router)
