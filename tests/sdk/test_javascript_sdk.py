"""Voucherify's JavaScript SDK, unmodified, against the running server; js/journeys.cjs says what it asserts."""

import pytest

pytestmark = pytest.mark.node

SHOP = "https://shop.example.com"


@pytest.mark.parametrize(
    "name", ["campaigns", "vouchers", "redemptions", "people", "exports", "limits", "publications", "orders"]
)
def test_a_shop_on_the_javascript_sdk_changes_host_and_keys_and_goes_on(journey, name):
    journey(name)


def test_a_shops_page_on_the_javascript_sdk_validates_redeems_and_publishes(journey, live_stack):
    issued = live_stack.manage(
        "shell",
        "-v",
        "0",
        "-c",
        "from voucherify_admin.api.models import ClientKey;"
        "switches = {'may_redeem': True, 'may_publish': True};"
        f"key, token = ClientKey.objects.issue(name='Cart page', origins=['{SHOP}'], **switches);"
        "print(key.app_id, token)",
    )
    app_id, token = issued.split()

    journey("pages", CLIENT_ID=app_id, CLIENT_TOKEN=token, ORIGIN=SHOP)
