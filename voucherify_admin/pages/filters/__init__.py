"""What one can ask of a list: filter sets, their fields, and the conditions that they make."""

from voucherify_admin.pages.filters.base import BESIDES, CURSORS, BaseFilter, Chip, FilterForm, newest_keys
from voucherify_admin.pages.filters.conditions import Ask, text_condition
from voucherify_admin.pages.filters.fields import ChoicesFilter, MetadataFilter, OperatorFilter, TextFilter
from voucherify_admin.pages.filters.moments import PERIODS, Moment, MomentFilter, MomentInput
from voucherify_admin.pages.filters.money import MAX_CENTS, MoneyField, MoneyFilter, money_label

__all__ = [
    "BESIDES",
    "CURSORS",
    "MAX_CENTS",
    "PERIODS",
    "Ask",
    "BaseFilter",
    "Chip",
    "ChoicesFilter",
    "FilterForm",
    "MetadataFilter",
    "Moment",
    "MomentFilter",
    "MomentInput",
    "MoneyField",
    "MoneyFilter",
    "OperatorFilter",
    "TextFilter",
    "money_label",
    "newest_keys",
    "text_condition",
]
