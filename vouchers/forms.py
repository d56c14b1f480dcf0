"""The form of the admin page of a voucher, with what the database cannot check about it, and that of an import."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Q
from django.template.defaultfilters import filesizeformat

from campaigns.filters import CampaignInput
from campaigns.forms import JSONObjectField, check_validity
from campaigns.models import Campaign
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


class ImportForm(forms.Form):
    """A file of vouchers, and the campaign that they are to belong to."""

    file = forms.FileField(
        label="File", widget=forms.FileInput(attrs={"accept": ".csv,text/csv", "class": "form-control"})
    )
    campaign = forms.CharField(
        label="Campaign",
        required=False,
        max_length=200,
        widget=CampaignInput,
        help_text="Its name. What a row leaves empty comes from the campaign's template.",
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_BYTES:
            raise ValidationError(
                f"The file has {filesizeformat(file.size)}, and {filesizeformat(settings.IMPORT_MAX_BYTES)} are taken. "
                "Cut it into several."
            )
        return file

    def clean_campaign(self) -> Campaign | None:
        name = self.cleaned_data["campaign"].strip()
        if not name:
            return None
        campaign = Campaign.objects.present().filter(Q(name=name) | Q(public_id=name)).first()
        if campaign is None:
            raise ValidationError("There is no campaign of this name.")
        return campaign
