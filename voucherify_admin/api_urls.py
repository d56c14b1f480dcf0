"""Roof: the API and every router of the product, on one page."""

from ninja import NinjaAPI

from voucherify_admin.api.errors import install_handlers

api = NinjaAPI(
    title="Redemption API",
    version="v2018-08-01",
    description=(
        "Voucherify's words for vouchers, campaigns, customers and redemptions. Each call carries a key pair in the "
        "headers `X-App-Id` and `X-App-Token`. Amounts are whole cents, times are ISO 8601 in UTC."
    ),
    urls_namespace="v1",
    docs_url="/docs",
    openapi_url="/openapi.json",
)
install_handlers(api)
