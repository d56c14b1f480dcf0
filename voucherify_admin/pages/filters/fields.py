"""The filters of a list that take several values, to be in or out: boxes, rows of operator and text, metadata rows.

One such filter reads several parameters of the address, and tells of each value its words and the address without it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from voucherify_admin.pages.filters import conditions
from voucherify_admin.pages.filters.conditions import OPERATORS, Ask

MAX_LENGTH = 500
MAX_ROWS = 50
MAX_VALUES = 200

Parameters = dict[str, list[str]]


def values_of(data: Any, name: str) -> list[str]:
    """All values of a parameter, blanks at their ends aside; `data` is a QueryDict or a plain mapping."""
    if isinstance(data, QueryDict):
        found: Sequence[Any] = data.getlist(name)
    else:
        value = data.get(name)
        found = value if isinstance(value, list | tuple) else [] if value is None else [value]
    return [str(each).strip() for each in found]


class TextFilter(django_filters.CharFilter):
    """Text, exactly as it is stored, blanks at the ends aside."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", MAX_LENGTH)
        super().__init__(*args, **kwargs)


@dataclass(frozen=True)
class Part:
    """One value of a filter that is set: its words, whether it excludes, and the parameters left without it."""

    text: str
    is_excluding: bool
    rest: Parameters


class SeveralFilter(django_filters.Filter):
    """The base: a filter whose value stands in several parameters of the address."""

    def parameters(self, name: str) -> tuple[str, ...]:
        """The names of the parameters that it reads."""
        raise NotImplementedError

    def parts(self, data: Any, name: str) -> list[Part]:
        """Each value that is set, also of a question that cannot be understood."""
        raise NotImplementedError

    def only(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        """The parameters that ask for `value` alone; what is excluded besides stays so."""
        raise NotImplementedError

    def excluding(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        """The parameters that exclude `value` too."""
        raise NotImplementedError

    def neither(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        """The parameters in which `value` is neither asked for nor excluded."""
        raise NotImplementedError

    def without(self, data: Any, name: str, key: str = "") -> Parameters:
        """The parameters as if no value were chosen here; of metadata only what is asked of `key` changes.

        What `only` would keep for every value is kept here too, so a value counts as many rows as asking for it finds.
        """
        return {each: [] for each in self.parameters(name)}

    def chosen(self, data: Any, name: str, key: str = "") -> tuple[set[str], set[str]]:
        """The values that are asked for by name, and those that are excluded by name."""
        raise NotImplementedError


# --- boxes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """What a filter by boxes asks for: any of `include` (of all, when empty), none of `exclude`."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


class ChoicesInput(forms.Widget):
    """A menu with two boxes a value: in, and out."""

    kind = "pick"
    choices: Any = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Choice | None:
        include, exclude = ([v for v in values_of(data, each) if v] for each in (name, f"{name}_not"))
        return Choice(tuple(dict.fromkeys(include)), tuple(dict.fromkeys(exclude))) if include or exclude else None

    def options(self, value: Choice | None) -> list[dict[str, Any]]:
        """One line a choice for the template."""
        value = value or Choice()
        return [
            {
                "value": str(key),
                "label": str(label),
                "is_in": str(key) in value.include,
                "is_out": str(key) in value.exclude,
            }
            for key, label in flat(self.choices)
        ]

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        options = self.options(value if isinstance(value, Choice) else None)
        chosen = [option["label"] for option in options if option["is_in"]]
        chosen += [f"not {option['label']}" for option in options if option["is_out"]]
        return {"name": name, "options": options, "chosen": ", ".join(chosen), **(attrs or {})}

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return render_to_string("pages/_pick.html", self.get_context(name, value, attrs))


class ChoicesField(forms.Field):
    """Cleans to a Choice, or None when nothing is ticked."""

    widget = ChoicesInput

    def __init__(self, *, choices: Any = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choices = choices
        self.widget.choices = self.choices

    @property
    def choices(self) -> list[tuple[Any, Any]]:
        return list(self._choices() if callable(self._choices) else self._choices)

    def clean(self, value: Choice | None) -> Choice | None:
        if value is None:
            return None
        known = {str(key) for key, _ in flat(self.choices)}
        for each in (*value.include, *value.exclude):
            if each not in known:
                raise ValidationError("“%(value)s” is not one of the available choices.", params={"value": each})
        return value

    def words(self, value: str) -> str:
        """A choice's label; the value itself when there is no such choice."""
        return next((str(label) for key, label in flat(self.choices) if str(key) == value), value)


class ChoicesFilter(SeveralFilter):
    """Any of several fixed values, and none of others: `status=FAILED&status_not=…`.

    The values are those of the column, or `condition` names the filter set's method that makes a Q of a list of them.
    """

    field_class = ChoicesField

    def __init__(self, *args: Any, condition: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.condition_name = condition

    def parameters(self, name: str) -> tuple[str, ...]:
        return name, f"{name}_not"

    def _q(self, values: Sequence[str]) -> Q:
        if self.condition_name:
            return getattr(self.parent, self.condition_name)(list(values))
        return Q(**{f"{self.field_name}__in": values})

    def filter(self, qs: QuerySet, value: Choice | None) -> QuerySet:
        if value is None:
            return qs
        if value.include:
            qs = qs.filter(self._q(value.include))
        if value.exclude:
            qs = qs.exclude(self._q(value.exclude))
        return qs

    def parts(self, data: Any, name: str) -> list[Part]:
        words, parts = self.field.words, []
        for parameter in self.parameters(name):
            values = values_of(data, parameter)
            is_out = parameter != name
            parts += [
                Part(
                    f"not {words(value)}" if is_out else words(value),
                    is_out,
                    {parameter: [each for each in values if each != value]},
                )
                for value in dict.fromkeys(values)
                if value
            ]
        return parts

    def only(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        excluded = [each for each in values_of(data, f"{name}_not") if each != value]
        return {name: [value], f"{name}_not": excluded}

    def excluding(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        included = [each for each in values_of(data, name) if each != value]
        return {name: included, f"{name}_not": [*dict.fromkeys([*values_of(data, f"{name}_not"), value])]}

    def neither(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        return {each: [one for one in values_of(data, each) if one != value] for each in self.parameters(name)}

    def chosen(self, data: Any, name: str, key: str = "") -> tuple[set[str], set[str]]:
        return set(values_of(data, name)) - {""}, set(values_of(data, f"{name}_not")) - {""}


def flat(choices: Any) -> list[tuple[Any, Any]]:
    """The choices of a field without their groups."""
    lines = []
    for key, label in choices:
        lines += label if isinstance(label, list | tuple) else [(key, label)]
    return lines


# --- rows of operator and text ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """Rows as they stand in the address, each (key, operator, text); `is_torn` when they cannot be told apart."""

    rows: tuple[tuple[str, str, str], ...] = ()
    is_torn: bool = False


class RowsInput(forms.Widget):
    """A row a condition: a menu of operators and a field for the text. Rows are the nth values of the parameters."""

    kind = "rows"
    template_name = "pages/_rows.html"

    def __init__(self, *, operators: Sequence[str], suggest: Callable[[], Sequence[str]] | None = None) -> None:
        super().__init__()
        self.operators = operators
        self.suggest = suggest

    def columns(self, data: Any, name: str) -> tuple[list[str], list[str], list[str]]:
        """The values of the parameters for keys, operators and texts."""
        return [], values_of(data, f"{name}_op"), values_of(data, name)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        _, operators, texts = self.columns(data, name)
        # Without operators the first one is meant for each text; so `?code=A&code=B` asks for either.
        operators = operators or [self.operators[0]] * len(texts)
        is_torn = len(operators) != len(texts)
        rows = [("", operator, text) for operator, text in zip(operators, texts, strict=False)]
        return Rows(tuple(row for row in rows if row[2] or takes_nothing(row[1])), is_torn)

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        rows = value.rows if isinstance(value, Rows) else ()
        choices = [(each, OPERATORS[each].words, takes_nothing(each)) for each in self.operators]
        return {
            "name": name,
            # Always one more to fill in; without a script each "Find" brings the next.
            "rows": [*rows, ("", self.operators[0], "")] if not rows or self.is_growing else rows,
            "operators": choices,
            "suggested": list(self.suggest()) if self.suggest else [],
            **(attrs or {}),
        }

    is_growing = False

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        return render_to_string(self.template_name, self.get_context(name, value, attrs))


def takes_nothing(operator: str) -> bool:
    """Whether an operator needs no value beside it."""
    return operator in OPERATORS and OPERATORS[operator].takes == "none"


class RowsField(forms.Field):
    """Cleans to a list of Ask. Raises ValidationError that names the operator or the value that does not do."""

    def __init__(
        self,
        *,
        operators: Sequence[str],
        widget: Any = None,
        check: Callable[[Ask], str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(widget=widget or RowsInput(operators=operators), **kwargs)
        self.operators = operators
        self.check = check

    def clean(self, value: Rows) -> list[Ask]:
        if value.is_torn:
            raise ValidationError("The conditions in this address do not fit together: each needs its operator.")
        if len(value.rows) > MAX_ROWS:
            raise ValidationError(f"These are more than {MAX_ROWS} conditions.")
        return [self.ask(*row) for row in value.rows]

    def ask(self, key: str, operator: str, text: str) -> Ask:
        """One row as an Ask."""
        if operator not in self.operators:
            raise ValidationError("There is no condition “%(name)s” here.", params={"name": operator})
        if "\x00" in text or "\x00" in key:
            raise ValidationError("Null characters are not allowed.")
        if max(len(text), len(key)) > MAX_LENGTH * (40 if OPERATORS[operator].takes == "many" else 1):
            raise ValidationError(f"Write {MAX_LENGTH} characters at the most.")
        ask = Ask(operator, split(operator, text), key)
        if len(ask.values) > MAX_VALUES:
            raise ValidationError(f"These are more than {MAX_VALUES} values.")
        if wrong := conditions.problem(ask) or (self.check(ask) if self.check else ""):
            raise ValidationError("%(wrong)s", params={"wrong": wrong})
        return ask


def split(operator: str, text: str) -> tuple[str, ...]:
    """The values in a text: those of "any of" stand between commas, semicolons or line breaks."""
    takes = OPERATORS[operator].takes
    if takes == "none":
        return ()
    if takes != "many":
        return (text,) if text else ()
    for separator in (";", "\n", "\r"):
        text = text.replace(separator, ",")
    return tuple(dict.fromkeys(value.strip() for value in text.split(",") if value.strip()))


class OperatorFilter(SeveralFilter):
    """Rows of operator and text about one thing: `code=SPRING&code_op=starts`.

    The text is compared with the column, or `condition` names the filter set's method that makes a Q of an affirmative
    Ask. `suggest` answers what the field offers, `check` what is wrong with an Ask (a sentence) or nothing.
    """

    field_class = RowsField

    def __init__(
        self,
        *args: Any,
        condition: str = "",
        operators: Sequence[str] = conditions.OF_TEXT,
        suggest: Callable[[], Sequence[str]] | None = None,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("widget", RowsInput(operators=operators, suggest=suggest))
        super().__init__(*args, operators=operators, **kwargs)
        self.condition_name = condition

    def offer(self, suggest: Callable[[], Sequence[str]]) -> None:
        """Say what the field (of metadata: the key's) offers to pick from."""
        self.extra["widget"].suggest = suggest

    def parameters(self, name: str) -> tuple[str, ...]:
        return name, f"{name}_op"

    def _q(self, ask: Ask) -> Q:
        if self.condition_name:
            return getattr(self.parent, self.condition_name)(ask)
        return conditions.text_condition(self.field_name, ask)

    def filter(self, qs: QuerySet, value: list[Ask]) -> QuerySet:
        return qs.filter(conditions.combine(value, self._q)) if value else qs

    def rows(self, data: Any, name: str) -> tuple[tuple[str, str, str], ...]:
        """The rows as they stand in the address."""
        return self.field.widget.value_from_datadict(data, {}, name).rows

    def parts(self, data: Any, name: str) -> list[Part]:
        rows = self.rows(data, name)
        return [
            Part(self._words(row), _denies(row[1]), self.written(name, rows[:index] + rows[index + 1 :]))
            for index, row in enumerate(rows)
        ]

    def _words(self, row: tuple[str, str, str]) -> str:
        _, operator, text = row
        return Ask(operator, split(operator, text)).words if operator in OPERATORS else f"{operator} {text}"

    def written(self, name: str, rows: Sequence[tuple[str, str, str]]) -> Parameters:
        """The parameters that say `rows`; operators are left out where all are plain."""
        is_plain = all(operator == self.extra["operators"][0] for _, operator, _ in rows)
        return {
            name: [text for _, _, text in rows],
            f"{name}_op": [] if is_plain else [operator for _, operator, _ in rows],
        }

    def only(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        kept = [row for row in self.rows(data, name) if _stays_beside(row, value)]
        return self.written(name, [*kept, (key, "is", value)])

    def excluding(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        kept = [row for row in self.rows(data, name) if row[1:] != ("is", value)]
        return self.written(name, [*kept, ("", "not", value)])

    def without(self, data: Any, name: str, key: str = "") -> Parameters:
        kept = [row for row in self.rows(data, name) if row[1] not in _BY_NAME and _stays_beside(row, "")]
        return self.written(name, kept)

    def neither(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        left = []
        for row in self.rows(data, name):
            values = split(row[1], row[2]) if row[0] == key and row[1] in _BY_NAME else ()
            if value not in values:
                left.append(row)
            elif len(values) > 1:
                left.append((row[0], row[1], ", ".join(one for one in values if one != value)))
        return self.written(name, left)

    def chosen(self, data: Any, name: str, key: str = "") -> tuple[set[str], set[str]]:
        found: dict[bool, set[str]] = {False: set(), True: set()}
        for row in self.rows(data, name):
            if row[0] == key and row[1] in _BY_NAME:
                found[_denies(row[1])] |= set(split(row[1], row[2]))
        return found[False], found[True]


# Operators that name whole values.
_BY_NAME = ("is", "in", "not", "not_in")


def _denies(operator: str) -> bool:
    return operator == "none" or (operator in OPERATORS and bool(OPERATORS[operator].denies))


def _stays_beside(row: tuple[str, str, str], value: str) -> bool:
    """Whether a row goes on to hold when `value` alone is asked for: a denial of something else."""
    _, operator, text = row
    if operator == "none" or not _denies(operator):
        return False
    return operator not in _BY_NAME or value not in split(operator, text)


# --- metadata --------------------------------------------------------------------------------------------------------


class MetadataInput(RowsInput):
    """A row a condition: key, operator, value."""

    kind = "metadata"
    template_name = "pages/_metadata_rows.html"
    is_growing = True

    def columns(self, data: Any, name: str) -> tuple[list[str], list[str], list[str]]:
        return values_of(data, f"{name}_key"), values_of(data, f"{name}_op"), values_of(data, f"{name}_value")

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Rows:
        keys, operators, texts = self.columns(data, name)
        if not operators:
            # A key without a value asks who has the key at all.
            texts = texts or [""] * len(keys)
            operators = ["is" if text else "has" for text in texts]
        is_torn = not len(keys) == len(operators) == len(texts)
        if is_torn and not keys and any(texts):
            # Said apart, for it is what people forget.
            keys, is_torn = [""] * len(texts), len(operators) != len(texts)
        rows = [
            # "till is (nothing)" is taken as the question whether there is a till at all.
            (key, "has" if key and not text and operator == "is" else operator, text)
            for key, operator, text in zip(keys, operators, texts, strict=False)
        ]
        return Rows(tuple(row for row in rows if row[0] or row[2]), is_torn)


class MetadataField(RowsField):
    """Cleans to a list of Ask, each with its key."""

    def ask(self, key: str, operator: str, text: str) -> Ask:
        if not key:
            raise ValidationError("Name the metadata key that should have this value.")
        return super().ask(key, operator, text)


class MetadataFilter(OperatorFilter):
    """Rows about the keys of a JSON column: `metadata_key=till&metadata_op=is&metadata_value=4`."""

    field_class = MetadataField

    def __init__(self, *args: Any, suggest: Callable[[], Sequence[str]] | None = None, **kwargs: Any) -> None:
        operators = conditions.OF_METADATA
        kwargs.setdefault("widget", MetadataInput(operators=operators, suggest=suggest))
        super().__init__(*args, operators=operators, **kwargs)

    def parameters(self, name: str) -> tuple[str, ...]:
        return f"{name}_key", f"{name}_op", f"{name}_value"

    def filter(self, qs: QuerySet, value: list[Ask]) -> QuerySet:
        if not value:
            return qs
        return qs.filter(conditions.combine_by_key(value, lambda ask: conditions.json_condition(self.field_name, ask)))

    def _words(self, row: tuple[str, str, str]) -> str:
        key, operator, text = row
        if operator in ("is", "in"):
            return f"{key} = {text}"
        return f"{key} {OPERATORS[operator].words if operator in OPERATORS else operator} {text}".strip()

    def written(self, name: str, rows: Sequence[tuple[str, str, str]]) -> Parameters:
        is_plain = all(operator == "is" for _, operator, _ in rows)
        return {
            f"{name}_key": [key for key, _, _ in rows],
            f"{name}_op": [] if is_plain else [operator for _, operator, _ in rows],
            f"{name}_value": [text for _, _, text in rows],
        }

    def only(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        kept = [row for row in self.rows(data, name) if row[0] != key or _stays_beside(row, value)]
        return self.written(name, [*kept, (key, "is", value)])

    def excluding(self, data: Any, name: str, value: str, key: str = "") -> Parameters:
        kept = [row for row in self.rows(data, name) if row != (key, "is", value)]
        return self.written(name, [*kept, (key, "not", value)])

    def without(self, data: Any, name: str, key: str = "") -> Parameters:
        rows = self.rows(data, name)
        return self.written(
            name,
            [row for row in rows if row[0] != key or (row[1] not in _BY_NAME and _stays_beside(row, ""))],
        )


def changed(data: Any, changes: Mapping[str, Sequence[str]]) -> QueryDict:
    """The question with some parameters set anew; the place in the list is dropped."""
    query = data.copy() if isinstance(data, QueryDict) else QueryDict(mutable=True)
    if not isinstance(data, QueryDict):
        for name in data:
            query.setlist(name, values_of(data, name))
    for name, values in changes.items():
        if values:
            query.setlist(name, list(values))
        else:
            query.pop(name, None)
    return query
