"""What people type at the till and when they roll back, as clean values; must not look up any row."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from voucherify_admin.pages.filters import MAX_CENTS, MoneyField

# More than a till's hand would type; a number past this is a slip.
MAX_QUANTITY = 10_000


class PriceField(MoneyField):
    """An amount of 0 or more in units of the currency, with a point or a comma; cleans to cents."""

    def validate(self, value: int | None) -> None:
        super().validate(value)
        if value is not None and not 0 <= value <= MAX_CENTS:
            raise ValidationError("Give an amount of 0.00 or more.")


class RollBackForm(forms.Form):
    """Why a redemption is undone; on pages nobody undoes one without saying."""

    reason = forms.CharField(
        label="Reason",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": 1000}),
        help_text="Kept with the rollback; everyone who may see the redemption reads it.",
        error_messages={"required": "Say why this redemption is rolled back."},
    )


class EraseForm(forms.Form):
    """Nobody is erased by a slip of the hand: the word is typed. Not the name, for what is typed here is logged."""

    word = "ERASE"

    confirmation = forms.CharField(
        label=f"Type {word} to confirm",
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": f"Type {word}, in capital letters."},
    )

    def clean_confirmation(self) -> str:
        typed = self.cleaned_data["confirmation"].strip()
        if typed != self.word:
            raise ValidationError(f"Type {self.word}, in capital letters.")
        return typed


class RedeemForm(forms.Form):
    """One attempt by hand: the code, and what the shop would have sent with it."""

    code = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "off", "spellcheck": "false"}),
        error_messages={"required": "Type or scan the code."},
    )
    amount = PriceField(label="Order amount", required=False)
    customer = forms.CharField(
        label="Customer", max_length=200, required=False, help_text="The customer's id in the shop (source id)."
    )
    credits = PriceField(
        label="Gift card credits", required=False, help_text="Gift cards only. Empty: as much as the order needs."
    )
    metadata_key = forms.CharField(label="Metadata key", max_length=200, required=False)
    metadata_value = forms.CharField(label="Metadata value", max_length=500, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].label = f"Order amount ({settings.CURRENCY})"
        self.fields["credits"].label = f"Gift card credits ({settings.CURRENCY})"

    def clean_credits(self) -> int | None:
        credits = self.cleaned_data["credits"]
        if credits == 0:
            raise ValidationError("Give 0.01 or more, or leave it empty to take as much as the order needs.")
        return credits

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("metadata_value") and not cleaned.get("metadata_key"):
            self.add_error("metadata_key", "Name the key that has this value.")
        return cleaned

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata pair, if one was typed."""
        key = self.cleaned_data["metadata_key"]
        return {key: self.cleaned_data["metadata_value"]} if key else {}


class ItemForm(forms.Form):
    """One line of the order."""

    product_id = forms.CharField(label="Product id", max_length=200, required=False)
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY, required=False)
    price = PriceField(label="Price each", required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("product_id") and (cleaned.get("quantity") or cleaned.get("price") is not None):
            self.add_error("product_id", "Name the product of this line.")
        return cleaned


class BaseItemFormSet(forms.BaseFormSet):
    """The lines of the order; empty ones do not count."""

    default_error_messages = {
        **forms.BaseFormSet.default_error_messages,
        "missing_management_form": "The lines of the order did not arrive whole; open this page again and retype them.",
        "too_many_forms": "An order by hand has %(num)d lines at the most.",
    }

    @property
    def items(self) -> list[dict[str, Any]]:
        """The lines in Voucherify's words, prices in cents."""
        lines = []
        for form in self.forms:
            if not form.cleaned_data.get("product_id"):
                continue
            item = {
                "product_id": form.cleaned_data["product_id"],
                "quantity": form.cleaned_data.get("quantity") or 1,
            }
            if form.cleaned_data.get("price") is not None:
                item["price"] = form.cleaned_data["price"]
            lines.append(item)
        return lines


ItemFormSet = forms.formset_factory(ItemForm, formset=BaseItemFormSet, extra=3, max_num=20, validate_max=True)
