"""How one value looks on a page: money, times, statuses, icons, JSON; used by tags and table columns alike.

Answers strings only; reads no rows and no request.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from voucherify_admin.money import in_words

NOTHING = mark_safe('<span class="nothing">—</span>')

# Status word on the wire -> (what a person reads, tone, icon). The icon's shape tells the same as the colour.
STATUSES: dict[str, tuple[str, str, str]] = {
    "SUCCEEDED": ("Succeeded", "good", "circle-check"),
    "SUCCESS": ("Success", "good", "circle-check"),
    "FAILED": ("Failed", "bad", "circle-x"),
    "FAILURE": ("Failure", "bad", "circle-x"),
    "ROLLED_BACK": ("Rolled back", "warn", "arrow-back-up"),
    "ACTIVE": ("Active", "good", "circle-check"),
    "DISABLED": ("Disabled", "muted", "ban"),
    "INACTIVE": ("Inactive", "muted", "ban"),
    "CLOSED_NOW": ("Closed now", "info", "clock"),
    "EXPIRED": ("Expired", "muted", "hourglass"),
    "NOT_YET_ACTIVE": ("Not active yet", "info", "clock"),
    "SCHEDULED": ("Scheduled", "info", "clock"),
    "USED_UP": ("Used up", "warn", "circle-minus"),
    "QUEUED": ("Queued", "muted", "circle-dashed"),
    "RUNNING": ("Running", "info", "loader-2"),
    "DONE": ("Done", "good", "circle-check"),
    "CANCELLED": ("Cancelled", "muted", "circle-minus"),
    "VALID": ("Valid", "good", "circle-check"),
    "INVALID": ("Not valid", "bad", "circle-x"),
}


def money(cents: int | None, *, currency: str | None = None) -> str:
    """The amount `cents` as plain text, `€1,234.50` or `1,234.50 PLN`; a dash for None."""
    if cents is None or cents == "":
        return "—"
    return in_words(int(cents), currency or settings.CURRENCY)


def local_text(value: datetime) -> str:
    """`value` in the active time zone, to the second."""
    local = timezone.localtime(value)
    return f"{local.day} {local:%b %Y %H:%M:%S}"


def _short_text(value: datetime, *, exact: bool) -> str:
    local, today = timezone.localtime(value), timezone.localtime()
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:{'%H:%M:%S' if exact else '%H:%M'}}"


def time(value: datetime | None, *, short: bool = False, exact: bool = False) -> SafeString:
    """A `<time>` element: local time to read, UTC in the title; a dash for None.

    `short`, for narrow columns, tells no year when it is this one, and no seconds unless `exact`; the title does.
    """
    if value is None:
        return NOTHING
    told = _short_text(value, exact=exact) if short else local_text(value)
    utc = value.astimezone(UTC)
    return mark_safe(  # noqa: S308 - made of digits and month names only
        f'<time datetime="{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z" '
        f'title="{utc:%Y-%m-%d %H:%M:%S} UTC">{told}</time>'
    )


def icon(name: str, css: str = "") -> SafeString:
    """The icon `name` of the sprite, hidden from screen readers: words beside it say the same."""
    return _icon(name, css, static("img/icons.svg"))


@lru_cache(maxsize=1024)
def _icon(name: str, css: str, sprite: str) -> SafeString:
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', css, sprite, name
    )


def status(value: Any, label: str | None = None) -> SafeString:
    """A badge with a word and a shape for a status, a result or an HTTP status code (int)."""
    if value is None or value == "":
        return NOTHING
    return _status(value, label, static("img/icons.svg"))


@lru_cache(maxsize=1024)
def _status(value: Any, label: str | None, sprite: str) -> SafeString:
    if isinstance(value, int):
        if value < 400:
            tone, shape = "good", "circle-check"
        else:
            tone, shape = ("warn", "circle-x") if value < 500 else ("bad", "alert-triangle")
        word = str(value)
    else:
        key = str(value).upper().replace(" ", "_").replace("-", "_")
        word, tone, shape = STATUSES.get(key, (str(value).replace("_", " ").capitalize(), "muted", "circle-dot"))
    return format_html(
        '<span class="status status-{}">{}<span>{}</span></span>', tone, _icon(shape, "", sprite), label or word
    )


def copy_button(text: str, label: str = "Copy") -> SafeString:
    """A small button that copies `text`; without JavaScript it stays hidden."""
    return format_html(
        '<button type="button" class="copy" data-copy="{}" aria-label="{}" title="{}">{}</button>',
        text,
        f"{label}: {text}" if len(text) <= 60 else label,
        label,
        icon("copy"),
    )


def code(text: str | None, *, is_titled: bool = False) -> SafeString:
    """A voucher code or an id in even-width letters, with its copy button; a dash for nothing.

    `is_titled` where it may be cut off: the title tells it whole.
    """
    if not text:
        return NOTHING
    if is_titled:
        return format_html('<span class="code"><code title="{}">{}</code>{}</span>', text, text, copy_button(str(text)))
    return format_html('<span class="code"><code>{}</code>{}</span>', text, copy_button(str(text)))


def pretty_json(value: Any) -> str:
    """`value` as indented JSON; text that is JSON is indented too, other text is left as it is."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return value
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
