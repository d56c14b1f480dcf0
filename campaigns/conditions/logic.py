"""Pure: reads `1 and (2 or 3)`; knows nothing of what the numbers stand for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

MAX_LENGTH = 2000
MAX_DEPTH = 50
TOKEN = re.compile(r"\s*(?:(?P<bracket>[()])|(?P<word>\w+))")


@dataclass(frozen=True)
class Name:
    """The clause of that key."""

    key: str


@dataclass(frozen=True)
class All:
    """Holds when each part holds."""

    parts: "tuple[Logic, ...]"


@dataclass(frozen=True)
class Any:
    """Holds when one of the parts holds."""

    parts: "tuple[Logic, ...]"


Logic = Name | All | Any


def parse_logic(text: str) -> Logic:
    """Read the expression, `and` before `or`; ValueError says where it cannot be read."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    parser = _Parser(text)
    logic = parser.any_of(0)
    if parser.token is not None:
        raise ValueError(f"has an unexpected '{parser.token}'")
    return logic


def keys(logic: Logic) -> Iterator[str]:
    """The keys that the expression names."""
    if isinstance(logic, Name):
        yield logic.key
        return
    for part in logic.parts:
        yield from keys(part)


class _Parser:
    """Recursive descent: any_of -> all_of -> one."""

    def __init__(self, text: str) -> None:
        self.tokens = iter(_tokens(text))
        self.token: str | None = next(self.tokens, None)

    def advance(self) -> None:
        self.token = next(self.tokens, None)

    def is_word(self, word: str) -> bool:
        return self.token is not None and self.token.lower() == word

    def any_of(self, depth: int) -> Logic:
        parts = [self.all_of(depth)]
        while self.is_word("or"):
            self.advance()
            parts.append(self.all_of(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def all_of(self, depth: int) -> Logic:
        parts = [self.one(depth)]
        while self.is_word("and"):
            self.advance()
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def one(self, depth: int) -> Logic:
        if depth > MAX_DEPTH:
            raise ValueError("has too many brackets inside each other")
        if self.token is None:
            raise ValueError("ends too early")
        if self.token == "(":
            self.advance()
            inner = self.any_of(depth + 1)
            if self.token != ")":
                raise ValueError("lacks a closing bracket")
            self.advance()
            return inner
        if self.token == ")" or self.is_word("and") or self.is_word("or"):
            raise ValueError(f"has an unexpected '{self.token}'")
        key = self.token
        self.advance()
        return Name(key)


def _tokens(text: str) -> list[str]:
    text = text.strip()
    tokens = []
    position = 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"cannot be read from '{text[position:].strip()[:20]}' on")
        tokens.append(match["bracket"] or match["word"])
        position = match.end()
    return tokens
