"""What can be said of a value, and the same as SQL: the one place for pages, exports and the API.

An ask is an operator with values, and of metadata the key. Asks about one thing are joined by `combine`.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from django.db.models import Case, DecimalField, F, Func, IntegerField, JSONField, Q, TextField, Value, When
from django.db.models.lookups import (
    EndsWith,
    Exact,
    GreaterThan,
    GreaterThanOrEqual,
    IContains,
    IsNull,
    LessThan,
    LessThanOrEqual,
    Lookup,
    Regex,
    StartsWith,
)

NUMBER = r"-?\d{1,15}(\.\d{1,9})?"
_ISO_DATE = r"^\d{4}-\d\d-\d\d"


@dataclass(frozen=True)
class Operator:
    """One condition: its words, how many values it takes, and of a negation the name of what it denies.

    A `narrows` operator holds together with its neighbours (more than 4 and less than 9), others are alternatives.
    """

    words: str
    takes: Literal["none", "one", "many", "number", "date"] = "one"
    denies: str = ""
    narrows: bool = False


OPERATORS: dict[str, Operator] = {
    "is": Operator("is"),
    "not": Operator("is not", denies="is"),
    "in": Operator("is any of", "many"),
    "not_in": Operator("is none of", "many", denies="in"),
    "starts": Operator("starts with"),
    "not_starts": Operator("does not start with", denies="starts"),
    "ends": Operator("ends with"),
    "contains": Operator("contains"),
    "not_contains": Operator("does not contain", denies="contains"),
    "gt": Operator("is more than", "number", narrows=True),
    "gte": Operator("is at least", "number", narrows=True),
    "lt": Operator("is less than", "number", narrows=True),
    "lte": Operator("is at most", "number", narrows=True),
    "count": Operator("has this many values:", "number", narrows=True),
    "count_more": Operator("has more values than", "number", narrows=True),
    "count_less": Operator("has fewer values than", "number", narrows=True),
    "after": Operator("is after", "date", narrows=True),
    "before": Operator("is before", "date", narrows=True),
    "has": Operator("has a value", "none"),
    "none": Operator("has no value", "none"),
}
# What makes sense of a name or a code, and of a metadata value.
OF_TEXT = ("is", "not", "in", "not_in", "starts", "not_starts", "contains", "not_contains", "has", "none")
OF_METADATA = tuple(name for name in OPERATORS if not name.startswith("count"))


@dataclass(frozen=True)
class Ask:
    """One condition as it was asked: `operator` of OPERATORS, its values, and of metadata the key."""

    operator: str
    values: tuple[str, ...] = ()
    key: str = ""

    @property
    def words(self) -> str:
        """“starts with SPRING”; of plain equality the value alone."""
        values = ", ".join(self.values)
        if self.operator in ("is", "in"):
            return values
        return f"{OPERATORS[self.operator].words} {values}".strip()


def combine(asks: Iterable[Ask], condition: Callable[[Ask], Q]) -> Q:
    """All asks about one thing as one condition: any of the alternatives, all that narrow, none that is denied.

    `condition` is asked for the affirmative operators only.
    """
    alternatives, whole = Q(), Q()
    for ask in asks:
        operator = OPERATORS[ask.operator]
        if operator.denies:
            whole &= ~condition(Ask(operator.denies, ask.values, ask.key))
        elif ask.operator == "none":
            alternatives |= ~condition(Ask("has", (), ask.key))
        elif operator.narrows:
            whole &= condition(ask)
        else:
            alternatives |= condition(ask)
    return alternatives & whole if alternatives else whole


def combine_by_key(asks: Iterable[Ask], condition: Callable[[Ask], Q]) -> Q:
    """The same for metadata: what is asked of different keys has to hold together."""
    by_key: dict[str, list[Ask]] = {}
    for ask in asks:
        by_key.setdefault(ask.key, []).append(ask)
    whole = Q()
    for together in by_key.values():
        whole &= combine(together, condition)
    return whole


def text_condition(column: str, ask: Ask) -> Q:
    """An affirmative ask of a text column; empty text counts as no value."""
    if ask.operator == "has":
        return ~(Q(**{f"{column}__isnull": True}) | Q(**{column: ""}))
    if ask.operator in ("is", "in"):
        return Q(**{f"{column}__in": ask.values}) if len(ask.values) > 1 else Q(**{column: ask.values[0]})
    lookups = {"starts": "startswith", "ends": "endswith", "contains": "icontains"}
    return Q(**{f"{column}__{lookups[ask.operator]}": ask.values[0]})


_OF_TEXT: dict[str, type[Lookup]] = {"starts": StartsWith, "ends": EndsWith, "contains": IContains}
_OF_NUMBER: dict[str, type[Lookup]] = {
    "gt": GreaterThan,
    "lt": LessThan,
    "gte": GreaterThanOrEqual,
    "lte": LessThanOrEqual,
}
_OF_COUNT: dict[str, type[Lookup]] = {"count": Exact, "count_more": GreaterThan, "count_less": LessThan}
_OF_DATE: dict[str, type[Lookup]] = {"after": GreaterThan, "before": LessThan}


def json_condition(field: str, ask: Ask) -> Q:
    """An affirmative ask of `ask.key` in a JSON object. The key is typed text, so it never becomes a lookup's name."""
    if ask.operator in ("is", "in"):
        # A query string has only text; the object may hold a number or a truth value that is written the same.
        same = Q()
        for value in ask.values:
            for meant in readings(value):
                same |= Q(**{f"{field}__contains": {ask.key: meant}})
        return same
    if ask.operator == "has":
        return Q(**{f"{field}__has_key": ask.key})
    text = json_text(field, ask.key)
    if ask.operator in _OF_COUNT:
        value = Func(F(field), Value(ask.key), function="jsonb_extract_path", output_field=JSONField())
        length = Func(value, function="jsonb_array_length", output_field=IntegerField())
        is_list = Exact(Func(value, function="jsonb_typeof", output_field=TextField()), "array")
        return Q(_OF_COUNT[ask.operator](Case(When(is_list, then=length)), int(Decimal(ask.values[0]))))
    # What has no such key is neither so nor so; denied, it is in.
    there = ~Q(IsNull(text, True))
    value = ask.values[0]
    if ask.operator in _OF_TEXT:
        return there & Q(_OF_TEXT[ask.operator](text, value))
    if ask.operator in _OF_NUMBER:
        # Text that is a number counts as one; casting any other text would fail the whole query.
        number = Case(
            When(
                Regex(text, rf"^{NUMBER}$"),
                then=Func(text, template="(%(expressions)s)::numeric", output_field=DecimalField()),
            )
        )
        return there & Q(_OF_NUMBER[ask.operator](number, Decimal(value)))
    # ISO 8601 sorts as text; of what is no date nothing is true.
    return there & Q(Regex(text, _ISO_DATE)) & Q(_OF_DATE[ask.operator](text, value))


def json_text(field: str, key: str) -> Func:
    """What stands under `key` of a JSON object, as text; NULL where there is nothing."""
    # Not Django's key transform, which takes the key "0" for a place in a list.
    return Func(F(field), Value(key), function="jsonb_extract_path_text", output_field=TextField())


def readings(text: str) -> list[Any]:
    """The JSON values that a typed text may mean: itself, and a number, a truth value or null written so."""
    meant: list[Any] = [text]
    try:
        typed = json.loads(text)
    except (ValueError, RecursionError):
        return meant
    if typed is None or isinstance(typed, bool | int) or (isinstance(typed, float) and math.isfinite(typed)):
        meant.append(typed)
    return meant


def problem(ask: Ask) -> str:
    """What is wrong with an ask's values, as a sentence; empty when it can be asked."""
    operator = OPERATORS[ask.operator]
    if operator.takes == "none":
        return ""
    if not ask.values:
        return f"Say what it {operator.words}."
    if operator.takes == "number" and not re.fullmatch(NUMBER, ask.values[0]):
        return f"“{ask.values[0]}” is not a number; “{operator.words}” compares with one such as 12.5."
    if operator.takes == "date" and not re.match(_ISO_DATE, ask.values[0]):
        return f"“{ask.values[0]}” is not a date; write it as 2026-11-27."
    return ""
