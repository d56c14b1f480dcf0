"""Django admin: who may enter, keys shown once, records that cannot be edited, lists that stay cheap."""

import json

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Customer, RuleAssignment, Segment, ValidationRule
from redemptions.models import Order
from tests.factories import (
    PASSWORD,
    make_campaign,
    make_client_key,
    make_customer,
    make_key,
    make_redemption,
    make_rollback,
    make_rule,
    make_segment,
    make_user,
    make_voucher,
)
from voucherify_admin.accounts.models import User
from voucherify_admin.adminsite import CappedPaginator
from voucherify_admin.api.models import ApiCall, ApiKey, ClientKey, new_request_id
from voucherify_admin.async_actions.models import AsyncAction
from voucherify_admin.exports.models import Download, Export
from voucherify_admin.notifications.models import Notification
from voucherify_admin.webhooks.models import Delivery, Target
from vouchers.models import GiftTransaction, Publication, Voucher

pytestmark = pytest.mark.django_db

RECORDS = ["redemptions.redemption", "redemptions.rollback", "api.apicall", "exports.export", "exports.download"]
RECORDS += ["notifications.notification", "redemptions.order", "vouchers.publication"]


@pytest.fixture
def administrator(client):
    """A client signed in as an administrator."""
    client.force_login(make_user("Administrator", username="ada"))
    return client


def address(model, page, *args) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def make_some_of_everything() -> None:
    now = timezone.now()
    campaign, customer = make_campaign(), make_customer()
    voucher = make_voucher(campaign=campaign)
    make_segment(customer)
    make_rule({"1": {"name": "order.amount", "conditions": {"$more_than": [1]}}}, on=voucher)
    make_key()
    make_client_key()
    owner = make_user("User")
    redemption = make_redemption(voucher=voucher, customer=customer)
    make_rollback(redemption)
    ApiCall.objects.create(
        created_at=now, request_id=new_request_id(), method="GET", path="/v1/", status=200, duration_ms=1, channel="API"
    )
    export = Export.objects.create(kind="redemption", owner=owner)
    Download.objects.create(export=export, user=owner, user_login=owner.username)
    Notification.objects.create(user=owner, kind="export_ready", title="Ready", about=export.public_id)
    AsyncAction.objects.create(type="VOUCHERS.IMPORT", owner=owner)
    Order.objects.create(source_id=customer.source_id, customer=customer, amount=5000)
    publication = Publication.objects.create(
        source_id=voucher.code, customer=customer, customer_public_id=customer.public_id, codes=[voucher.code]
    )
    publication.vouchers.add(voucher)
    target = Target.objects.create(name="Shop", url="https://1.1.1.1/", events=["redemption.failed"])
    Delivery.objects.create(target=target, event_id="evred_1", event_type="redemption.failed", entity_id="rf_1")


@pytest.mark.parametrize("role", ["User", "Viewer", "Merchant"])
def test_only_administrators_enter(client, role):
    client.force_login(make_user(role, is_staff=True))
    for page in (reverse("admin:index"), address(Voucher, "changelist"), address(ApiKey, "add")):
        assert client.get(page, follow=True).status_code == 403


def test_a_stranger_is_led_to_the_one_sign_in_page(client):
    response = client.get(address(Voucher, "changelist"), follow=True)
    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert client.post(reverse("admin:login"), {"username": "ada", "password": PASSWORD}).status_code == 302
    assert "_auth_user_id" not in client.session


def test_an_administrator_enters_without_being_flagged_as_staff(administrator):
    assert not User.objects.get(username="ada").is_staff
    assert administrator.get(reverse("admin:index")).status_code == 200


def test_every_list_and_every_row_opens_and_queries_do_not_grow(administrator, django_assert_num_queries):
    make_some_of_everything()

    few = {}
    for model in admin.site._registry:
        with CaptureQueriesContext(connection) as queries:
            assert administrator.get(address(model, "changelist")).status_code == 200, model
        few[model] = len(queries)
        row = model._default_manager.first()
        assert administrator.get(address(model, "change", row.pk)).status_code == 200, model
    for _ in range(6):
        make_some_of_everything()
    for model, number in few.items():
        with django_assert_num_queries(number):
            administrator.get(address(model, "changelist"))


def test_no_list_counts_all_its_rows(administrator):

    make_some_of_everything()
    # There are as many groups as there are roles.
    for model in admin.site._registry.keys() - {Group}:
        assert admin.site._registry[model].show_full_result_count is False
        with CaptureQueriesContext(connection) as queries:
            administrator.get(address(model, "changelist"), {"q": "x"})
        for query in queries:
            assert "COUNT(" not in query["sql"] or "LIMIT" in query["sql"]


def test_the_paginator_counts_no_further_than_its_cap(monkeypatch):
    monkeypatch.setattr("voucherify_admin.adminsite.MOST_COUNTED", 3)
    for _ in range(5):
        make_campaign()
    assert CappedPaginator(Voucher.objects.order_by("-id"), 2).count == 0
    assert CappedPaginator(Campaign.objects.order_by("-id"), 2).count == 3


@pytest.mark.parametrize("label", RECORDS)
def test_records_can_be_looked_at_and_nothing_else(administrator, label):
    make_some_of_everything()
    model = next(model for model in admin.site._registry if model._meta.label_lower == label)
    row = model._default_manager.first()
    assert administrator.get(address(model, "add")).status_code == 403
    assert administrator.post(address(model, "change", row.pk), {}).status_code == 403
    assert administrator.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert b'name="_save"' not in administrator.get(address(model, "change", row.pk)).content
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_key_is_issued_and_its_secret_is_shown_exactly_once(administrator):
    response = administrator.post(address(ApiKey, "add"), {"name": "Till 4", "role": "Merchant"})
    key = ApiKey.objects.get(name="Till 4")
    secret = response.context["secret"]
    assert secret in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert (key.role, key.created_by.username) == ("Merchant", "ada")
    assert ApiKey.objects.authenticate(str(key.app_id), secret) == key

    for page in (address(ApiKey, "changelist"), address(ApiKey, "change", key.pk), reverse("admin:index")):
        content = administrator.get(page).content.decode()
        assert secret not in content
        assert key.token_hash not in content
    assert secret not in json.dumps(dict(administrator.session), default=str)


def test_a_client_side_key_is_issued_for_the_origins_that_were_given(administrator):
    form = {"name": "Cart page", "origins": "https://shop.example.com,http://localhost:3000", "may_redeem": "on"}
    response = administrator.post(address(ClientKey, "add"), form)
    key = ClientKey.objects.get(name="Cart page")
    assert ClientKey.objects.authenticate(str(key.app_id), response.context["secret"]) == key
    assert key.origins == ["https://shop.example.com", "http://localhost:3000"]
    assert "X-Client-Token" in response.content.decode()


@pytest.mark.parametrize(
    "origin", ["*", "shop.example.com", "https://shop.example.com/cart", "https://Shop.example.com"]
)
def test_what_is_no_origin_is_refused_beside_its_field(administrator, origin):
    response = administrator.post(address(ClientKey, "add"), {"name": "Cart page", "origins": origin})
    assert "https://shop.example.com" in str(response.context["adminform"].form.errors["origins"])
    assert not ClientKey.objects.exists()


def test_a_deactivated_key_is_refused_and_cannot_be_deleted(administrator):
    key, secret = ApiKey.objects.issue(name="Old shop")
    administrator.post(address(ApiKey, "changelist"), {"action": "deactivate", "_selected_action": [key.pk]})
    assert ApiKey.objects.authenticate(str(key.app_id), secret) is None
    assert administrator.post(address(ApiKey, "delete", key.pk), {"post": "yes"}).status_code == 403


def test_a_keys_hash_cannot_be_typed_in(administrator):
    key, secret = ApiKey.objects.issue(name="Shop")
    form = {"name": "Shop 2", "role": "Viewer", "is_active": "on", "token_hash": "0" * 64, "app_id": key.app_id}
    administrator.post(address(ApiKey, "change", key.pk), form)
    key.refresh_from_db()
    assert key.name == "Shop 2"
    assert ApiKey.objects.authenticate(str(key.app_id), secret) == key


def voucher_form(**changes) -> dict:
    values = {
        "code": "NEW-1",
        "type": "DISCOUNT_VOUCHER",
        "discount": '{"type": "AMOUNT", "amount_off": 1000}',
        "gift_amount": "0",
        "gift_balance": "0",
        "gift_effect": "APPLY_TO_ORDER",
        "metadata": "{}",
        "is_active": "on",
    }
    return {**values, **changes}


def test_a_voucher_is_created(administrator):
    assert administrator.post(address(Voucher, "add"), voucher_form()).status_code == 302
    assert Voucher.objects.get(code="NEW-1").discount == {"type": "AMOUNT", "amount_off": 1000}


def test_a_gift_card_that_is_created_here_has_its_opening_transaction(administrator):
    loaded = {"type": "GIFT_VOUCHER", "discount": "", "gift_amount": "5000", "gift_balance": "4000"}
    hours = {"validity_hours": '{"daily": [{"start_time": "09:00"}]}'}
    assert administrator.post(address(Voucher, "add"), voucher_form(**loaded, **hours)).status_code == 302
    (opening,) = GiftTransaction.objects.all()
    assert (opening.type, opening.amount, opening.balance, opening.channel_type) == (
        "CREDITS_ADDITION",
        4000,
        4000,
        "USER",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"discount": '{"type": "AMOUNT", "amount_off": -1}'}, "should be a whole number of cents"),
        ({"discount": '{"type": "MAGIC"}'}, "should be one of AMOUNT"),
        ({"discount": ""}, "should be an object"),
        ({"discount": "{"}, "Enter a valid JSON"),
        ({"metadata": "[1]"}, "This should be an object"),
        ({"type": "GIFT_VOUCHER", "discount": "", "gift_balance": "5"}, "more than what was ever loaded"),
        ({"type": "GIFT_VOUCHER"}, "A gift card has a balance, not a discount"),
        ({"gift_balance": "-1"}, "voucher_balance_not_negative"),
        ({"validity_day_of_week": "[9]"}, "from 0 (Sunday) to 6 (Saturday)"),
        ({"validity_hours": "{}"}, "1 to 50 periods of the day"),
        ({"validity_timeframe": '{"interval": "P1D", "duration": "PT1H"}'}, "start_date is required"),
    ],
)
def test_a_voucher_that_could_not_be_priced_is_refused_with_a_sentence(administrator, changes, sentence):
    response = administrator.post(address(Voucher, "add"), voucher_form(**changes))
    assert response.status_code == 200
    assert sentence in response.content.decode()
    assert not Voucher.objects.exists()


def test_the_counters_of_a_voucher_cannot_be_typed_in(administrator):
    voucher = make_voucher(redeemed_quantity=3)
    administrator.post(address(Voucher, "change", voucher.pk), voucher_form(redeemed_quantity="0", category="new"))
    voucher.refresh_from_db()
    assert (voucher.redeemed_quantity, voucher.category) == (3, "new")


def test_a_rule_that_could_not_be_evaluated_is_refused(administrator):
    form = {"name": "Moon", "rules": '{"1": {"name": "moon.phase"}}', "applicable_to": "{}", "type": "expression"}
    response = administrator.post(address(ValidationRule, "add"), {**form, "context_type": "global"})
    assert "unknown name" in response.content.decode()
    assert not ValidationRule.objects.exists()


@pytest.mark.parametrize(("typed", "kept"), [("null", True), ("", True), ("[]", False), ('""', False)])
def test_json_that_says_nothing_is_an_empty_object_and_a_list_is_refused(administrator, typed, kept):
    form = {"name": "Anyone", "type": "expression", "context_type": "global", "rules": typed, "applicable_to": "null"}
    answer = administrator.post(address(ValidationRule, "add"), form)
    assert answer.status_code == (302 if kept else 200)
    assert [(rule.rules, rule.applicable_to) for rule in ValidationRule.objects.all()] == ([({}, {})] if kept else [])


def test_a_rule_is_assigned_to_what_exists(administrator):
    rule, campaign = make_rule({}), make_campaign()
    form = {"rule": rule.pk, "related_object_type": "campaign", "related_object_id": "camp_0"}
    response = administrator.post(address(RuleAssignment, "add"), form)
    assert "There is no campaign with this id" in response.content.decode()
    response = administrator.post(address(RuleAssignment, "add"), {**form, "related_object_type": "voucher"})
    assert "begins with v_" in response.content.decode()
    administrator.post(address(RuleAssignment, "add"), {**form, "related_object_id": campaign.public_id})
    assert RuleAssignment.objects.get().related_object_id == campaign.public_id


def test_deleting_a_voucher_keeps_its_attempts(administrator):
    voucher = make_voucher(code="GONE")
    attempt = make_redemption(voucher=voucher)
    assert b"GONE" in administrator.get(address(Voucher, "delete", voucher.pk)).content
    administrator.post(address(Voucher, "delete", voucher.pk), {"post": "yes"})
    attempt.refresh_from_db()
    assert (attempt.voucher, attempt.code) == (None, "GONE")


def test_a_person_gets_a_role_and_a_time_zone(administrator):
    group = Group.objects.get(name="Merchant")
    form = {
        "username": "till4",
        "usable_password": "true",
        "password1": "kestrel-umbra-9",
        "password2": "kestrel-umbra-9",
    }
    administrator.post(address(User, "add"), {**form, "groups": [group.pk]})
    person = User.objects.get(username="till4")
    assert person.role == "Merchant"
    change = {"username": "till4", "groups": [group.pk], "is_active": "on", "time_zone": "Mars/Base"}
    assert "is not a time zone" in administrator.post(address(User, "change", person.pk), change).content.decode()
    administrator.post(address(User, "change", person.pk), {**change, "time_zone": "Europe/Warsaw"})
    person.refresh_from_db()
    assert person.time_zone == "Europe/Warsaw"


def test_a_customer_is_found_by_e_mail_address(administrator):
    make_customer(name="Anna", email="Anna@Example.com")
    make_customer(name="Ben")
    response = administrator.get(address(Customer, "changelist"), {"q": "anna@example.com"})
    assert [row.name for row in response.context["cl"].result_list] == ["Anna"]


def test_a_segment_does_not_load_all_of_its_customers(administrator):
    segment = make_segment(*[make_customer(name=f"Person {number}") for number in range(3)])
    content = administrator.get(address(Segment, "change", segment.pk)).content.decode()
    assert "Person 1" not in content
    assert "All customers in this segment" in content


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"type": "auto-update", "filter": '{"colour": {"conditions": {"$is": ["red"]}}}'}, "cannot ask for"),
        ({"type": "passive", "filter": ""}, "A segment of this type needs a filter."),
        ({"type": "static", "filter": '{"name": {"conditions": {"$is": ["Ada"]}}}'}, "has no filter"),
    ],
)
def test_a_segment_that_could_not_be_evaluated_is_refused(administrator, typed, problem):
    memberships = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    answer = administrator.post(address(Segment, "add"), {"name": "S", **typed, **memberships})
    assert problem in answer.content.decode()
    assert not Segment.objects.exists()
    good = {"name": "S", "type": "passive", "filter": '{"name": {"conditions": {"$is": ["Ada"]}}}'}
    assert administrator.post(address(Segment, "add"), {**good, **memberships}).status_code == 302
    assert Segment.objects.get().filter == {"name": {"conditions": {"$is": ["Ada"]}}}


@pytest.mark.parametrize("term", ["order-1", "its id", "shop-7", "the customer's id"])
def test_an_order_is_found_by_its_ids_and_its_customers(administrator, term):
    customer = make_customer(source_id="shop-7")
    order = Order.objects.create(source_id="order-1", customer=customer)
    Order.objects.create(source_id="order-2")
    asked = {"its id": order.public_id, "the customer's id": customer.public_id}.get(term, term)
    answer = administrator.get(address(Order, "changelist"), {"q": asked})
    assert list(answer.context["cl"].queryset) == [order]


@pytest.mark.parametrize("term", ["SPRING", "its id", "mail-1", "shop-7"])
def test_a_publication_is_found_by_its_code_its_ids_and_its_customer(administrator, term):
    customer = make_customer(source_id="shop-7")
    values = {"customer": customer, "customer_public_id": customer.public_id}
    wanted = Publication.objects.create(source_id="mail-1", codes=["SPRING", "MORE"], **values)
    wanted.vouchers.add(make_voucher(code="SPRING"), make_voucher(code="MORE"))
    Publication.objects.create(source_id="mail-2", customer_public_id="cust_gone", codes=["GONE"])
    answer = administrator.get(address(Publication, "changelist"), {"q": term.replace("its id", wanted.public_id)})
    assert list(answer.context["cl"].queryset) == [wanted]
    assert "SPRING, MORE" in answer.content.decode()
