"""The API of the codes: vouchers, balances, campaigns made with their codes, and which rule binds which of them."""

from ninja import Router

from vouchers.api import assignments, campaigns, transactions, vouchers

router = Router()
for part in (assignments, campaigns, transactions, vouchers):
    router.add_router("", part.router)
