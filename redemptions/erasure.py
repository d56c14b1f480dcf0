"""What tells a person apart in texts and JSON, and how it is taken out of them; knows no row and writes nothing."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, quote_plus

from django.db.models import F, Q, TextField
from django.db.models.functions import Cast
from django.db.models.lookups import IRegex

ERASED = "erased customer"
# Shorter texts (a name “Bo”, an id “A7”) and bare numbers stand in too many others: they are taken out only where they
# stand alone.
LONG_ENOUGH = 5


@dataclass(frozen=True)
class Traces:
    """The texts by which a customer is known.

    `identifiers` (ids, e-mail address, phone number) name nobody else, wherever they stand. `words` (the name, lines of
    the address) may be somebody else's too, and are taken out only of what belongs to the customer.
    """

    identifiers: tuple[str, ...]
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "Traces":
        """Return the traces of a customer's columns."""
        address = values.get("address") if isinstance(values.get("address"), dict) else {}
        lines = [address.get(name) for name in ("line_1", "line_2", "postal_code")] if address else []
        return cls(
            identifiers=_texts(values.get(name) for name in ("public_id", "source_id", "email", "phone")),
            words=_texts([values.get("name"), values.get("description"), *lines, *_parts(values.get("name"))]),
        )

    def cleaned(self, value: Any, *, with_words: bool = True) -> Any:
        """Return a JSON value with every text that names the customer replaced; keys are texts too.

        Of what belongs to the customer (`with_words`) a whole object `customer` goes, metadata and all.
        """
        if isinstance(value, dict):
            cleaned = {}
            for key, each in value.items():
                is_whole = with_words and key == "customer" and isinstance(each, dict)
                name = self.text(key, with_words=with_words)
                cleaned[name] = None if is_whole else self.cleaned(each, with_words=with_words)
            return cleaned
        if isinstance(value, list):
            return [self.cleaned(each, with_words=with_words) for each in value]
        return self.text(value, with_words=with_words) if isinstance(value, str) else value

    def text(self, text: str, *, with_words: bool = True) -> str:
        """Return a text without what names the customer."""
        known = (*self.identifiers, *(self.words if with_words else ()))
        if text.strip().lower() in {each.lower() for each in known}:
            return ERASED
        long = sorted({form for each in known for form in _forms(each)}, key=len, reverse=True)
        return re.sub("|".join(map(re.escape, long)), ERASED, text, flags=re.IGNORECASE) if long else text

    def found_in(self, *columns: str) -> Q:
        """Return which rows hold an identifier in one of these text columns, bodies of calls among them."""
        patterns = [re.escape(form) for each in self.identifiers for form in sorted(_forms(each))]
        for each in self.identifiers:
            if not _is_telling(each):
                # As a value of the property that ids stand in, or as a part of an address.
                patterns.append(rf'"(source_id|id)"\s*:\s*"{re.escape(each)}"')
                patterns.append(rf"/customers/({re.escape(each)}|{re.escape(quote(each, safe=''))})(/|$)")
                patterns.append(rf"(customer|source_id|id)=({re.escape(each)}|{re.escape(quote(each, safe=''))})(&|$)")
        condition = Q(pk__in=[])
        for column in columns if patterns else ():
            condition |= Q(IRegex(Cast(F(column), TextField()), "|".join(patterns)))
        return condition


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if isinstance(value, str) and value.strip()))


def _parts(name: Any) -> list[str]:
    """Return the parts of a name that are long enough to mean it, a family name say."""
    return [part for part in re.findall(r"\w+", name or "") if len(part) >= LONG_ENOUGH]


def _is_telling(text: str) -> bool:
    """Whether a text means the customer wherever it stands; a bare number may be an amount."""
    return len(text) >= LONG_ENOUGH and not text.isdigit()


def _forms(text: str) -> set[str]:
    """Return a text as it stands in texts, in JSON and in addresses; none of one that is too short to be looked for."""
    if not _is_telling(text):
        return set()
    in_json = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {text, quote(text, safe=""), quote(text), quote_plus(text), *in_json}
