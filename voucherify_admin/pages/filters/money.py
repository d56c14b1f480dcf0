"""Amounts as they are typed into a filter or a form, and as they are compared: whole cents."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

MAX_CENTS = 2**53 - 1


class MoneyField(forms.Field):
    """An amount such as 12.50, cleaned to whole cents."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "placeholder": "0.00"})

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        text = str(value).strip().replace(",", ".")
        try:
            cents = Decimal(text) * 100
            if not re.fullmatch(r"-?\d{1,15}(\.\d{1,2})?", text) or abs(cents) > MAX_CENTS:
                raise InvalidOperation
        except InvalidOperation:
            raise ValidationError("“%(value)s” is not an amount; write it as 12.50.", params={"value": value})
        return int(cents)


class MoneyFilter(django_filters.Filter):
    """Compares a column of cents with an amount typed in whole units."""

    field_class = MoneyField


def money_label(text: str) -> str:
    """A label for a field in whole units of money: `Amount from (EUR)`."""
    return f"{text} ({settings.CURRENCY})"
