"""The API of the offer: campaigns, segments, validation rules.

What needs vouchers too (creating a campaign with its codes, assigning a rule) lives in vouchers.api, and customers, who
are told with what they redeemed, in redemptions.api.
"""

from ninja import Router

from campaigns.api import campaigns, segments, validation_rules

router = Router()
for part in (campaigns, segments, validation_rules):
    router.add_router("", part.router)
