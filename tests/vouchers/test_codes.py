"""What codes look like and when a pattern is too small for them."""

import random
import re

import pytest

from vouchers.codes import generate_codes


def codes(count: int, **options: object) -> list[str]:
    return list(generate_codes(count, rng=random.Random(7), **options))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({}, r"[0-9A-Za-z]{8}"),
        ({"length": 4}, r"[0-9A-Za-z]{4}"),
        ({"length": 5, "charset": "AB"}, r"[AB]{5}"),
        ({"pattern": "SPRING-####-##", "charset": "0123456789"}, r"SPRING-\d{4}-\d{2}"),
        ({"length": 6, "prefix": "VIP-", "postfix": "#"}, r"VIP-[0-9A-Za-z]{6}#"),
        ({"pattern": "##", "prefix": "A-"}, r"A-[0-9A-Za-z]{2}"),
    ],
)
def test_codes_have_the_asked_shape_and_are_distinct(options: dict[str, object], shape: str) -> None:
    made = codes(20, **options)
    assert len(set(made)) == 20
    assert all(re.fullmatch(shape, code) for code in made)


def test_a_pattern_yields_all_of_its_codes() -> None:
    assert sorted(codes(4, pattern="X##", charset="01")) == ["X00", "X01", "X10", "X11"]


def test_a_pattern_without_random_characters_is_one_code() -> None:
    assert codes(1, pattern="BLACK-FRIDAY") == ["BLACK-FRIDAY"]


def test_repeated_characters_of_a_charset_count_once() -> None:
    with pytest.raises(ValueError, match="can make only 2"):
        codes(3, length=1, charset="AAAB")


@pytest.mark.parametrize(
    ("count", "options", "message"),
    [
        (2, {"pattern": "BLACK-FRIDAY"}, "'BLACK-FRIDAY' with 62 characters can make only 1"),
        (101, {"pattern": "P##", "charset": "0123456789"}, "101 distinct codes .* only 100"),
        (1, {"length": 0}, "length of a code must be 1 or more"),
        (-1, {}, "must be 0 or more"),
    ],
)
def test_too_many_codes_are_refused_before_the_first_is_made(
    count: int, options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        generate_codes(count, **options)  # type: ignore[arg-type]


def test_codes_are_not_predictable_without_a_seed() -> None:
    assert set(generate_codes(5)).isdisjoint(generate_codes(5))
