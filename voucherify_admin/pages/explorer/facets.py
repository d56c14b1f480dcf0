"""One thing by which the rows of a question are counted: which filter asks for it, and how its values read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Func, JSONField, Value

from voucherify_admin.pages.filters.fields import MAX_LENGTH


@dataclass(frozen=True)
class Facet:
    """The values of `expression`, each asked for by the filter `name` (of metadata: of the key).

    `words` tells a value as people read it. `told` maps counted values to what the filter calls them and their words,
    where the two differ; values left out there cannot be asked for and are not shown.
    """

    name: str
    label: str
    expression: Any
    words: Callable[[str], str] = str
    told: Callable[[Sequence[str]], Mapping[str, tuple[str, str]]] | None = None
    key: str = ""
    # How the counted column becomes a text, in SQL.
    as_text: str = "NULLIF({}::text, '')"

    def values(self, counted: Mapping[str, int]) -> list[tuple[str, str, int]]:
        """(value as the filter calls it, words, number) for what was counted, the most frequent first."""
        told = self._told(list(counted))
        sums: dict[tuple[str, str], int] = {}
        for raw, number in counted.items():
            if raw in told:
                sums[told[raw]] = sums.get(told[raw], 0) + number
        return sorted(((*named, number) for named, number in sums.items()), key=lambda each: (-each[2], each[1]))

    def named(self, values: Sequence[str]) -> list[tuple[str, str]]:
        """(value, words) of values that the filter names; of those left out that it may know by another name too."""
        told = self._told(values)
        return [told[value] for value in values if value in told and told[value][0] == value]

    def _told(self, counted: Sequence[str]) -> Mapping[str, tuple[str, str]]:
        if self.told:
            return self.told(counted)
        return {value: (value, self.words(value)) for value in counted if askable(value)}


def askable(value: str) -> bool:
    """Whether a value survives the address: filters take blanks off the ends, and no texts without end."""
    return bool(value) and value == value.strip() and len(value) <= MAX_LENGTH


class MetadataFacet(Facet):
    """The plain values of one metadata key; lists and objects are no values that one could ask for."""

    def named(self, values: Sequence[str]) -> list[tuple[str, str]]:
        # 4.0 asks for what is counted as 4.
        return []

    def __init__(self, key: str, *, column: str = "metadata", label: str = "Metadata") -> None:
        expression = Func(F(column), Value(key), function="jsonb_extract_path", output_field=JSONField())
        super().__init__(
            name="metadata",
            label=label,
            key=key,
            expression=expression,
            # Numbers that are equal are one value, however they were written.
            as_text="CASE jsonb_typeof({0}) WHEN 'number' THEN trim_scale(({0} #>> '{{}}')::numeric)::text "
            "WHEN 'string' THEN NULLIF({0} #>> '{{}}', '') WHEN 'boolean' THEN {0} #>> '{{}}' END",
        )
