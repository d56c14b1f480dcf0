"""Voucherify's JavaScript SDK, unmodified, against the running server; js/journeys.cjs says what it asserts."""

import pytest

pytestmark = pytest.mark.node


@pytest.mark.parametrize("name", ["campaigns", "vouchers", "redemptions", "people", "exports"])
def test_a_shop_on_the_javascript_sdk_changes_host_and_keys_and_goes_on(journey, name):
    journey(name)
