"""Pure: operators and the values they take in a person's words; says nothing of whether they hold."""

from collections.abc import Callable, Sequence
from typing import Any

from campaigns.conditions.operators import DATES

WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
# {values} are the values joined by "or", {first} and {last} the two ends of a span.
OPERATOR_WORDS = {
    "$is": "is {values}",
    "$in": "is one of {values}",
    "$is_not": "is not {values}",
    "$not_in": "is none of {values}",
    "$more_than": "is more than {values}",
    "$less_than": "is less than {values}",
    "$more_than_or_equal": "is at least {values}",
    "$less_than_or_equal": "is at most {values}",
    "$contains": "contains {values}",
    "$not_contain": "does not contain {values}",
    "$starts_with": "starts with {values}",
    "$ends_with": "ends with {values}",
    "$has_value": "is known",
    "$is_unknown": "is unknown",
    "$count": "has {values} values",
    "$count_more": "has more than {values} values",
    "$count_less": "has less than {values} values",
    "$not_differ": "is the same as {values}",
    "$not_intersect": "has nothing in common with {values}",
    "$after": "is after {values}",
    "$before": "is before {values}",
    "$from": "is not before {values}",
    "$timeframe_absolute": "is from {first} to {last}",
    "$timeframe_daily_hours": "is between {first} and {last}",
    "$dow": "is on a {values}",
    "$more_than_ago": "is more than {values} days ago",
    "$less_than_ago": "is less than {values} days ago",
    "$is_days_ago": "is {values} days ago",
    "$more_than_future": "is more than {values} days ahead",
    "$less_than_future": "is less than {values} days ahead",
    "$is_days_in_future": "is {values} days ahead",
}


def values_in_words(
    operator: str, wanted: Sequence[Any], *, tell: Callable[[Any], str], moment: Callable[[str], str]
) -> list[str]:
    """Each wanted value in words; `tell` words a value of the rule's own kind, `moment` an ISO 8601 one."""
    if operator == "$dow":
        return [WEEKDAYS[day] for day in wanted]
    if operator in DATES or operator == "$timeframe_absolute":
        return [moment(value) for value in wanted]
    if operator == "$timeframe_daily_hours" or operator.startswith("$count") or operator.endswith(("ago", "future")):
        return [str(value) for value in wanted]
    return [tell(value) for value in wanted]


def operator_in_words(operator: str | None, values: Sequence[str], *, template: str | None = None) -> str:
    """“is at least €50.00”, with the values as `values_in_words` gives them."""
    words = template or OPERATOR_WORDS.get(operator or "", f"{operator} {{values}}")
    *head, last = values or ("",)
    joined = f"{', '.join(head)} or {last}" if head else last
    return words.format(values=joined, first=values[0] if values else "", last=last).strip()
