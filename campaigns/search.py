"""What the search box finds among campaigns and customers; must stay with indexes where there may be many."""

from collections.abc import Iterator

from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.http import urlencode

from campaigns.models import Campaign, Customer
from voucherify_admin.pages.search import SHOWN, Asked, Group, Hit


def find(asked: Asked) -> Iterator[Group]:
    """Campaigns by id or a part of the name; customers by id, e-mail or name, whole or by the name's beginning."""
    if asked.user.has_perm("campaigns.view_campaign"):
        yield _campaigns(asked)
    if asked.user.has_perm("campaigns.view_customer"):
        yield _customers(asked)


def _campaigns(asked: Asked) -> Group:
    named = Q(public_id=asked.text) | Q(name__icontains=asked.text)
    rows = Campaign.objects.present().filter(named).order_by("-created_at", "-id")[: SHOWN + 1]
    hits = [
        Hit(
            campaign.name,
            reverse("campaigns:detail", args=[campaign.public_id]),
            campaign.get_campaign_type_display(),
            is_exact=asked.text == campaign.public_id or asked.text.casefold() == campaign.name.casefold(),
        )
        for campaign in rows
    ]
    return Group("Campaigns", "speakerphone", hits, f"{reverse('campaigns:list')}?{urlencode({'name': asked.text})}")


def _customers(asked: Asked) -> Group:
    exact = list(Customer.objects.called(asked.text)[:SHOWN])
    begins: list[Customer] = []
    if len(exact) < SHOWN:
        lower = Customer.objects.alias(name_lower=Lower("name"))
        begins = list(lower.filter(name_lower__startswith=asked.text.lower()).order_by("name")[: SHOWN + 1])
    hits = [_customer(customer, is_exact=True) for customer in exact]
    hits += [_customer(customer) for customer in begins if customer not in exact]
    return Group("Customers", "users", hits, f"{reverse('campaigns:customer_list')}?{urlencode({'name': asked.text})}")


def _customer(customer: Customer, *, is_exact: bool = False) -> Hit:
    title = customer.name or customer.source_id or customer.public_id
    note = " · ".join(part for part in (customer.email, customer.source_id) if part and part != title)
    return Hit(title, reverse("campaigns:customer_detail", args=[customer.public_id]), note, is_exact=is_exact)
