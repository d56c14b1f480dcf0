"""The API of the offer: campaigns, customers, segments, validation rules.

What needs vouchers too (creating a campaign with its codes, assigning a rule) lives in vouchers.api.
"""

from ninja import Router

from campaigns.api import campaigns, customers, segments, validation_rules

router = Router()
for part in (campaigns, customers, segments, validation_rules):
    router.add_router("", part.router)
