"""Turns a pattern and a set of characters into distinct random codes; knows nothing of the codes that exist already."""

import random
import secrets
import string
from collections.abc import Iterator

DEFAULT_CHARSET = string.digits + string.ascii_uppercase + string.ascii_lowercase
DEFAULT_LENGTH = 8
RANDOM_CHARACTER = "#"
MOST_CHARACTERS = 200


def problem_of(code: str) -> str | None:
    """Say what keeps a code that somebody chose from being found again, with the remedy; None for a good one."""
    if not 1 <= len(code) <= MOST_CHARACTERS:
        return f"should have 1 to {MOST_CHARACTERS} characters"
    if any(ord(character) < 32 or ord(character) == 127 for character in code):
        return "must not hold control characters"
    if code != code.strip():
        return "must not begin or end with a blank, which no form and no filter keeps"
    if any(part in (".", "..") for part in code.split("/")):
        return "must not have . or .. between its slashes, which every browser takes out of an address"
    return None


def generate_codes(
    count: int,
    *,
    length: int = DEFAULT_LENGTH,
    charset: str | None = None,
    pattern: str | None = None,
    prefix: str = "",
    postfix: str = "",
    rng: random.Random = secrets.SystemRandom(),  # noqa: B008 - it has no state to share
) -> Iterator[str]:
    """Give `count` distinct codes: prefix, then `length` random characters or the filled pattern, then postfix.

    Each `#` of the pattern becomes a random character of the charset; with a pattern the length is ignored.
    Raises ValueError, before the first code, when so many distinct codes cannot exist.
    """
    characters = "".join(dict.fromkeys(charset or DEFAULT_CHARSET))
    shape = pattern if pattern else RANDOM_CHARACTER * length
    if count < 0:
        raise ValueError(f"The number of codes must be 0 or more, not {count}.")
    if not pattern and length < 1:
        raise ValueError(f"The length of a code must be 1 or more, not {length}.")
    places = shape.count(RANDOM_CHARACTER)
    capacity = len(characters) ** places
    if count > capacity:
        raise ValueError(
            f"{count} distinct codes were asked for, but the pattern '{prefix}{shape}{postfix}' with {len(characters)} "
            f"characters can make only {capacity}. Add more '#' (or length) or more characters."
        )
    # Only the shape holds places to fill: a '#' in the prefix or postfix is that very character.
    return (prefix + code + postfix for code in _distinct(count, shape, characters, places, capacity, rng))


def _distinct(count: int, shape: str, characters: str, places: int, capacity: int, rng: random.Random) -> Iterator[str]:
    if count * 2 > capacity:
        # Nearly every code is wanted: guessing would repeat itself, so numbers are drawn without putting them back.
        for number in rng.sample(range(capacity), count):
            yield _fill(shape, _digits(number, characters, places))
        return
    seen: set[str] = set()
    while len(seen) < count:
        drawn = "".join(rng.choices(characters, k=places))
        if drawn not in seen:
            seen.add(drawn)
            yield _fill(shape, drawn)


def _digits(number: int, characters: str, places: int) -> str:
    digits = []
    for _ in range(places):
        number, digit = divmod(number, len(characters))
        digits.append(characters[digit])
    return "".join(digits)


def _fill(shape: str, drawn: str) -> str:
    filling = iter(drawn)
    return "".join(next(filling) if character == RANDOM_CHARACTER else character for character in shape)
