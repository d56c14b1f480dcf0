"""Pure: the operators of a condition: which values each takes, and whether it holds for a value that was found."""

from collections.abc import Callable, Sequence
from typing import Any

from campaigns.conditions.names import Values

Wanted = tuple[Any, ...]

ALIASES = {
    "$greater_than": "$more_than",
    "$greater_than_or_equal": "$more_than_or_equal",
    "$more_than_equal": "$more_than_or_equal",
    "$less_than_equal": "$less_than_or_equal",
}


def _same(one: Any, other: Any) -> bool:
    # In Python True == 1, for a shop's metadata it is not.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _among(found: Sequence[Any], wanted: Wanted) -> bool:
    return any(_same(value, want) for value in found for want in wanted)


def _numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(found: Sequence[Any], wanted: Wanted, test: Callable[[str, str], bool]) -> bool:
    return any(isinstance(value, str) and test(value, str(want)) for value in found for want in wanted)


def _contains(found: Sequence[Any], wanted: Wanted) -> bool:
    return _among(found, wanted) or _text(found, wanted, lambda value, want: want in value)


def _compares(test: Callable[[Any, Any], bool]) -> Callable[[Sequence[Any], Wanted], bool]:
    return lambda found, wanted: any(_numeric(value) and test(value, wanted[0]) for value in found)


OPERATORS: dict[str, Callable[[Sequence[Any], Wanted], bool]] = {
    "$is": _among,
    "$in": _among,
    "$is_not": lambda found, wanted: not _among(found, wanted),
    "$not_in": lambda found, wanted: not _among(found, wanted),
    "$more_than": _compares(lambda value, want: value > want),
    "$less_than": _compares(lambda value, want: value < want),
    "$more_than_or_equal": _compares(lambda value, want: value >= want),
    "$less_than_or_equal": _compares(lambda value, want: value <= want),
    "$contains": _contains,
    "$not_contain": lambda found, wanted: not _contains(found, wanted),
    "$starts_with": lambda found, wanted: _text(found, wanted, str.startswith),
    "$ends_with": lambda found, wanted: _text(found, wanted, str.endswith),
    "$has_value": lambda found, wanted: bool(found),
    "$is_unknown": lambda found, wanted: not found,
}
VALUELESS = frozenset({"$has_value", "$is_unknown"})
COMPARISONS = frozenset({"$more_than", "$less_than", "$more_than_or_equal", "$less_than_or_equal"})
TEXTUAL = frozenset({"$contains", "$not_contain", "$starts_with", "$ends_with"})


def normal_operator(operator: str) -> str:
    """The operator as it is written in validation rules."""
    return ALIASES.get(operator, operator)


def wanted_values(operator: str, values: Values, raw: Any) -> Wanted:
    """Check a condition's values; raises ValueError that says what the operator takes here."""
    if operator in VALUELESS:
        return ()
    given = tuple(raw) if isinstance(raw, list) else (raw,)
    if operator in COMPARISONS:
        if values == "ids":
            raise ValueError("compares numbers, but this rule is about ids; use $is, $is_not, $in or $not_in")
        expected = "one whole number" if values == "number" else "one number"
        if len(given) != 1 or not _fits(given[0], "number" if values == "number" else "any") or not _numeric(given[0]):
            raise ValueError(f"takes {expected}, not {raw!r}")
        return given
    if operator in TEXTUAL and values == "number":
        raise ValueError("compares texts, but this rule is about a number")
    if not given:
        raise ValueError("needs at least one value")
    if values == "ids":
        # Voucherify's dashboard writes products as objects; each name of the object counts.
        given = tuple(name for value in given for name in _names(value))
    for value in given:
        if not _fits(value, values) or (operator in TEXTUAL and not isinstance(value, str)):
            expected = {"number": "whole numbers", "ids": "ids", "any": "texts, numbers and true or false"}[values]
            raise ValueError(f"takes {'texts' if operator in TEXTUAL else expected}, not {value!r}")
    return given


def found_values(found: Any) -> list[Any]:
    """What was found, as a list: nothing, one value, or the values of a list."""
    if found is None:
        return []
    return list(found) if isinstance(found, list | tuple) else [found]


def _fits(value: Any, values: Values) -> bool:
    if values == "number":
        return isinstance(value, int) and not isinstance(value, bool)
    if values == "ids":
        return isinstance(value, str) and bool(value)
    return isinstance(value, str | int | float | bool)


def _names(value: Any) -> list[Any]:
    if not isinstance(value, dict):
        return [value]
    return [value[key] for key in ("id", "source_id") if value.get(key)] or [value]
