"""The API of the codes: vouchers, campaigns made with their codes, rules, publications, and what moved gift cards."""

from ninja import Router

from vouchers.api import assignments, campaigns, imports, publications, transactions, vouchers

router = Router()
for part in (assignments, imports, campaigns, publications, transactions, vouchers):
    router.add_router("", part.router)
