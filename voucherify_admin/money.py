"""Pure: an amount of cents as people read it, one form for tables, sentences and messages; knows no setting."""

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£"}


def in_words(cents: int, currency: str) -> str:
    """`cents` of the currency (ISO code) as `€1,234.50` or, where its sign is not at hand, `1,234.50 PLN`."""
    minus = "−" if cents < 0 else ""
    number = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    sign = _SIGNS.get(currency)
    return f"{minus}{sign}{number}" if sign else f"{minus}{number}\N{NO-BREAK SPACE}{currency}"
