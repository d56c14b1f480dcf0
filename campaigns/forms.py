"""Forms of the admin pages of the offer: what the database cannot check about JSON and ids."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from campaigns.models import Campaign, Customer, RuleAssignment
from campaigns.validity import InvalidValidity, parse_validity
from voucherify_admin.adminsite import IndentedJSONField

# How the public ids of what a rule can bind begin.
PREFIXES = {RuleAssignment.ObjectType.VOUCHER: "v_", RuleAssignment.ObjectType.CAMPAIGN: "camp_"}


class JSONObjectField(IndentedJSONField):
    """A JSON object; nothing is the empty one."""

    empty: Any = {}

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        if cleaned is None or cleaned == "":
            return self.empty
        if not isinstance(cleaned, dict):
            raise ValidationError("This should be an object such as {“shop”: “Poznań”}.")
        return cleaned


def check_validity(form: forms.ModelForm, cleaned: dict[str, Any]) -> None:
    """Check hours, days and recurring periods as the API does; what is wrong stands beside the field that it names."""
    names = ("validity_timeframe", "validity_day_of_week", "validity_hours")
    if any(name in form.errors for name in (*names, "start_date")):
        return
    try:
        parse_validity(*(cleaned.get(name) for name in names), starts=cleaned.get("start_date") is not None)
    except InvalidValidity as error:
        field = next((name for name in names if f".{name}" in str(error).split(" ")[1]), names[0])
        form.add_error(field, f"{error}.")


class CampaignAdminForm(forms.ModelForm):
    metadata = JSONObjectField(required=False)
    voucher_template = JSONObjectField(required=False)

    class Meta:
        model = Campaign
        fields = [
            "name",
            "description",
            "campaign_type",
            "type",
            "voucher_template",
            "start_date",
            "expiration_date",
            "validity_timeframe",
            "validity_day_of_week",
            "validity_hours",
            "is_active",
            "category",
            "metadata",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_validity(self, cleaned)
        return cleaned


class CustomerAdminForm(forms.ModelForm):
    metadata = JSONObjectField(required=False)
    address = JSONObjectField(required=False)

    class Meta:
        model = Customer
        fields = ["source_id", "name", "email", "phone", "description", "birthdate", "address", "metadata"]

    def clean_source_id(self) -> str | None:
        # The column is unique: two customers without an id of the shop must not meet in the empty text.
        return self.cleaned_data["source_id"] or None

    def clean_address(self) -> dict[str, Any] | None:
        return self.cleaned_data["address"] or None


class RuleAssignmentForm(forms.ModelForm):
    class Meta:
        model = RuleAssignment
        fields = ["rule", "related_object_type", "related_object_id"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        kind, public_id = cleaned.get("related_object_type"), cleaned.get("related_object_id")
        prefix = PREFIXES.get(kind)
        if public_id and prefix and not public_id.startswith(prefix):
            self.add_error("related_object_id", f"The id of a {kind} begins with {prefix}")
        elif public_id and kind == "campaign" and not Campaign.objects.filter(public_id=public_id).exists():
            self.add_error("related_object_id", "There is no campaign with this id.")
        return cleaned
