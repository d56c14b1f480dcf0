"""Many vouchers with random codes by one statement: PostgreSQL draws the codes and writes the rows.

Codes must not be guessable, so they are made of gen_random_uuid(), which draws 122 bits from the system's strong
source (it is part of PostgreSQL, unlike pgcrypto, which a managed server may lack), and never of random().
"""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Model

from vouchers.codes import DEFAULT_CHARSET, DEFAULT_LENGTH, RANDOM_CHARACTER
from vouchers.models import GiftTransaction, Origin, Voucher

# A hash has 32 bytes, and each character takes two of them: the remainder of 65,536 by the size of the charset favours
# no character by more than a third of a percent. Longer codes are made of more ids.
CHARACTERS_PER_HASH = 16
# Up to so many possible codes are written out and shuffled where a pattern is nearly used up.
MOST_ENUMERATED = 4_000_000
# So often codes are drawn anew for those that exist already; past that the pattern is as good as used up.
MOST_DRAWS = 12

Sql = tuple[str, list[Any]]


class Shape:
    """How codes look: fixed text with places for random characters."""

    def __init__(
        self,
        *,
        length: int = DEFAULT_LENGTH,
        charset: str | None = None,
        pattern: str | None = None,
        prefix: str = "",
        postfix: str = "",
    ) -> None:
        self.characters = "".join(dict.fromkeys(charset or DEFAULT_CHARSET))
        self.filled = pattern or RANDOM_CHARACTER * length
        self.prefix, self.postfix = prefix, postfix
        self.places = self.filled.count(RANDOM_CHARACTER)
        self.capacity = len(self.characters) ** self.places

    def code(self, number_at: Callable[[int], str]) -> Sql:
        """Return SQL for one code; `number_at(place)` is SQL for a whole number, 0 or more, that picks a character."""
        parts: list[str] = []
        parameters: list[Any] = []
        texts = self.filled.split(RANDOM_CHARACTER)
        texts[0] = self.prefix + texts[0]
        texts[-1] += self.postfix
        for place, text in enumerate(texts):
            if place:
                parts.append(f"substr(%s::text, 1 + (({number_at(place - 1)}) %% {len(self.characters)})::int, 1)")
                parameters.append(self.characters)
            if text:
                parts.append("%s::text")
                parameters.append(text)
        return " || ".join(parts), parameters


def check_capacity(count: int, code_config: dict[str, Any]) -> None:
    """Raise ValueError, with a sentence, when so many distinct codes cannot exist."""
    shape = Shape(**code_config)
    if count > shape.capacity:
        raise ValueError(
            f"{count} distinct codes were asked for, but the pattern '{shape.prefix}{shape.filled}{shape.postfix}' "
            f"with {len(shape.characters)} characters can make only {shape.capacity}. Add more '#' (or length) or "
            "more characters."
        )


def insert_random(template: Voucher, count: int, *, code_config: dict[str, Any], origin: Origin) -> int:
    """Write `count` vouchers like `template` (whose own code is not used) with random codes; return how many.

    They are fewer only when the pattern has no more free codes, or too few to be found. The caller owns the
    transaction. Codes that exist, also those written by somebody else at the same moment, are drawn anew.
    """
    shape = Shape(**code_config)
    made = 0
    for _ in range(MOST_DRAWS):
        missing = count - made
        if not missing or missing * 4 > shape.capacity:
            break
        made += _insert(template, *_drawn(shape, missing), origin=origin)
    if made < count and shape.capacity <= MOST_ENUMERATED:
        made += _insert(template, *_shuffled(shape, count - made), origin=origin)
    return made


def _drawn(shape: Shape, count: int) -> Sql:
    """SQL that gives `count` random codes, of which a few may be the same or taken."""
    hashes = max(1, -(-shape.places // CHARACTERS_PER_HASH))

    def number_at(place: int) -> str:
        of_hash, byte = divmod(place, CHARACTERS_PER_HASH)
        return f"get_byte(h{of_hash}, {byte * 2}) * 256 + get_byte(h{of_hash}, {byte * 2 + 1})"

    code, parameters = shape.code(number_at)
    columns = ", ".join(f"sha256(uuid_send(gen_random_uuid())) AS h{number}" for number in range(hashes))
    # A volatile function keeps the subquery from being merged into its surroundings: each hash is drawn once a row.
    drawn = f"(SELECT {columns} FROM generate_series(1, %s)) AS drawn"  # noqa: S608 - made of places and sizes
    return f"SELECT {code} AS code FROM {drawn}", [*parameters, count]  # noqa: S608


def _shuffled(shape: Shape, count: int) -> Sql:
    """SQL that gives up to `count` codes of those that are free, in random order: for patterns nearly used up."""
    size = len(shape.characters)
    code, parameters = shape.code(lambda place: f"number / {size**place}::bigint")
    possible = f"(SELECT {code} AS code FROM generate_series(0, %s::bigint) AS number) AS possible"  # noqa: S608
    return (
        f"SELECT code FROM {possible} WHERE NOT EXISTS "  # noqa: S608 - made of places and sizes
        "(SELECT 1 FROM vouchers_voucher AS taken WHERE taken.code = possible.code) "
        "ORDER BY gen_random_uuid() LIMIT %s",
        [*parameters, shape.capacity - 1, count],
    )


def _insert(template: Voucher, codes: str, parameters: list[Any], *, origin: Origin) -> int:
    """Write one voucher a code, all other columns as the template has them; codes that are taken are passed over.

    A gift card's load is written beside it by the same statement.
    """
    columns, values, saved = _columns(template, {"id", "public_id", "code"})
    made = (
        f"INSERT INTO vouchers_voucher (public_id, code, {columns}) "  # noqa: S608 - made of column names
        f"SELECT {_public_id('v_')}, codes.code, {values} FROM ({codes}) AS codes ON CONFLICT DO NOTHING"
    )
    arguments = [*_public_id_from(origin), *saved, *parameters]
    opening = GiftTransaction.objects.opening(template, origin=origin)
    if opening is not None:
        columns, values, saved = _columns(opening, {"id", "public_id", "voucher", "voucher_public_id", "code"})
        made = (
            f"WITH made AS ({made} RETURNING id, public_id, code) INSERT INTO vouchers_gifttransaction "  # noqa: S608
            f"(public_id, voucher_id, voucher_public_id, code, {columns}) "
            f"SELECT {_public_id('vtx_')}, made.id, made.public_id, made.code, {values} FROM made"
        )
        arguments += [*_public_id_from(origin), *saved]
    with connection.cursor() as cursor:
        cursor.execute(made, arguments)
        return cursor.rowcount


def _columns(row: Model, without: set[str]) -> tuple[str, str, list[Any]]:
    """Return the names of a row's columns, their placeholders and their values, some fields left out."""
    fields = [field for field in row._meta.concrete_fields if field.name not in without]
    names = ", ".join(f'"{field.column}"' for field in fields)
    placeholders = ", ".join(f"%s::{field.db_type(connection)}" for field in fields)
    values = [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]
    return names, placeholders, values


def _public_id(prefix: str) -> str:
    """SQL for ids as voucherify_admin.ids makes them: 13 digits of time, one microsecond apart, and 5 random ones."""
    return (
        f"'{prefix}' || lpad(to_hex(%s::bigint + row_number() OVER ()), 13, '0') || "
        "substr(encode(uuid_send(gen_random_uuid()), 'hex'), 1, 5)"
    )


def _public_id_from(origin: Origin) -> list[int]:
    return [int(origin.at.timestamp() * 1_000_000)]
