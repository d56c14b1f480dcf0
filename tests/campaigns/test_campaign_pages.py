"""The pages of campaigns and customers: lists, filters, what one page tells, roles."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import make_campaign, make_customer, make_rule, make_segment, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def viewer(client):
    """A client signed in as a viewer."""
    client.force_login(make_user("Viewer"))
    return client


def shown(response) -> set[str]:
    assert response.status_code == 200
    return {str(row) for row in response.context["table"].data}


def test_campaigns_are_found_by_name_type_and_state(viewer):
    now = timezone.now()
    make_campaign(name="Spring sale")
    make_campaign(name="Gift cards", campaign_type="GIFT_VOUCHERS")
    make_campaign(name="Autumn sale", start_date=now + timedelta(days=3))
    make_campaign(name="Winter sale", expiration_date=now - timedelta(days=3))
    make_campaign(name="Stopped", is_active=False, expiration_date=now - timedelta(days=3))
    address = reverse("campaigns:list")
    assert shown(viewer.get(address, {"name": "SALE"})) == {"Spring sale", "Autumn sale", "Winter sale"}
    assert shown(viewer.get(address, {"campaign_type": "GIFT_VOUCHERS"})) == {"Gift cards"}
    assert shown(viewer.get(address, {"state": "ACTIVE"})) == {"Spring sale", "Gift cards"}
    assert shown(viewer.get(address, {"state": "NOT_YET_ACTIVE"})) == {"Autumn sale"}
    assert shown(viewer.get(address, {"state": ["EXPIRED", "DISABLED"]})) == {"Winter sale", "Stopped"}
    assert shown(viewer.get(address, {"state": "MOON"})) == set()


def test_a_campaign_tells_its_state_its_rules_and_where_its_vouchers_and_attempts_are(viewer):
    campaign = make_campaign(
        name="Black & Friday", expiration_date="2020-01-02T10:00Z", metadata={"region": "north"}, description="Once"
    )
    make_rule({"1": {"name": "order.amount", "conditions": {"$more_than": [9900]}}}, on=campaign, name="Big orders")
    content = viewer.get(reverse("campaigns:detail", args=[campaign.public_id])).content.decode()
    for text in (
        "The campaign ended 2 Jan 2020 10:00:00",
        "Big orders",
        "is more than €99.00",
        "region",
        "north",
        f'hx-get="{reverse("vouchers:list")}?campaign=Black%20%26%20Friday"',
        f'hx-get="{reverse("redemptions:list")}?campaign=Black%20%26%20Friday"',
    ):
        assert text in content


def test_an_unknown_campaign_or_customer_is_not_found(viewer):
    assert viewer.get(reverse("campaigns:detail", args=["camp_0"])).status_code == 404
    assert viewer.get(reverse("campaigns:customer_detail", args=["cust_0"])).status_code == 404


def test_customers_are_found_by_id_e_mail_name_segment_and_metadata(viewer):
    anna = make_customer(name="Anna", source_id="shop-a", email="Anna@Example.com", metadata={"tier": "gold"})
    make_customer(name="Ben", source_id="shop-b")
    make_segment(anna, name="Regulars")
    address = reverse("campaigns:customer_list")
    for query in (
        {"source_id": "shop-a"},
        {"source_id": anna.public_id},
        {"email": "anna@example.COM"},
        {"name": "ann"},
        {"segment": "Regulars"},
        {"metadata_key": "tier", "metadata_value": "gold"},
    ):
        assert shown(viewer.get(address, query)) == {"Anna"}, query
    assert shown(viewer.get(address, {"segment": "Nobody"})) == set()


def test_a_customer_tells_profile_segments_and_where_the_attempts_are(viewer):
    customer = make_customer(
        name="Zoë Łącka",
        phone="+48 600 100 200",
        address={"line_1": "Rynek 1", "city": "Poznań"},
        metadata={"vip": True},
    )
    make_segment(customer, name="Regulars")
    content = viewer.get(reverse("campaigns:customer_detail", args=[customer.public_id])).content.decode()
    for text in (
        "Zoë Łącka",
        "+48 600 100 200",
        "Rynek 1",
        "Poznań",
        "Regulars",
        "vip",
        f'hx-get="{reverse("redemptions:list")}?customer={customer.public_id}"',
    ):
        assert text in content


def test_a_customer_without_a_name_is_shown_by_the_shops_id(viewer):
    make_customer(name="", source_id="shop-17")
    assert "shop-17" in viewer.get(reverse("campaigns:customer_list")).content.decode()


def test_queries_of_the_lists_do_not_grow(viewer, django_assert_num_queries, django_assert_max_num_queries):
    for address, make in (
        (reverse("campaigns:list"), make_campaign),
        (reverse("campaigns:customer_list"), make_customer),
    ):
        make()
        with django_assert_max_num_queries(8) as few:
            viewer.get(address)
        for _ in range(15):
            make()
        with django_assert_num_queries(len(few)):
            viewer.get(address)


def test_a_merchant_sees_neither_campaigns_nor_customers(client):
    client.force_login(make_user("Merchant"))
    campaign, customer = make_campaign(), make_customer()
    for address in (
        reverse("campaigns:list"),
        reverse("campaigns:detail", args=[campaign.public_id]),
        reverse("campaigns:customer_list"),
        reverse("campaigns:customer_detail", args=[customer.public_id]),
    ):
        assert client.get(address).status_code == 403
