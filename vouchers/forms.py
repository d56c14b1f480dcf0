"""The form of the admin page of a voucher: what the database cannot check about its discount and its balance."""

from typing import Any

from django import forms

from campaigns.forms import JSONObjectField, check_validity
from vouchers.discounts import parse_discount
from vouchers.models import Voucher


class VoucherAdminForm(forms.ModelForm):
    """Checks a discount as the API does, so that none is saved that could not be priced at the till."""

    metadata = JSONObjectField(required=False)

    class Meta:
        model = Voucher
        fields = [
            "code",
            "campaign",
            "type",
            "discount",
            "gift_amount",
            "gift_balance",
            "gift_effect",
            "quantity",
            "start_date",
            "expiration_date",
            "validity_timeframe",
            "validity_day_of_week",
            "validity_hours",
            "is_active",
            "category",
            "additional_info",
            "metadata",
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_validity(self, cleaned)
        discount = cleaned.get("discount")
        if cleaned.get("type") == Voucher.Type.GIFT:
            if discount:
                self.add_error("discount", "A gift card has a balance, not a discount: leave this empty.")
            if cleaned.get("gift_balance", 0) > cleaned.get("gift_amount", 0):
                self.add_error("gift_balance", "The balance is more than what was ever loaded.")
        elif cleaned.get("type") == Voucher.Type.DISCOUNT and "discount" not in self.errors:
            try:
                parse_discount(discount)
            except ValueError as error:
                self.add_error("discount", str(error))
        return cleaned
