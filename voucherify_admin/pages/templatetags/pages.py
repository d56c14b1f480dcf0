"""Tags of every template (built in, no load needed); they show values and decide nothing."""

from datetime import datetime
from typing import Any

from django import forms, template
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from voucherify_admin.pages import show

register = template.Library()

# The place in the list, and which part of the page is asked for.
CURSORS = ("after", "before", "view", "around")


@register.filter
def money(cents: int | None) -> str:
    """Whole cents as an amount in the installation's currency."""
    return show.money(cents)


@register.filter
def local_time(value: datetime | None) -> SafeString:
    """A `<time>` in the reader's zone, with UTC in its title."""
    return show.time(value)


@register.simple_tag
def status_badge(value: Any, label: str | None = None) -> SafeString:
    """A word with a shape for a status; `label` replaces the word."""
    return show.status(value, label)


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of static/img/icons.svg."""
    return show.icon(name, css)


@register.simple_tag
def copy_button(text: Any, label: str = "Copy") -> SafeString:
    """A button that copies `text`."""
    return show.copy_button(str(text), label)


@register.simple_tag
def code(text: str | None) -> SafeString:
    """A code or an id in even-width letters, with a copy button."""
    return show.code(text)


@register.simple_tag
def json_block(value: Any, label: str = "Copy JSON") -> SafeString:
    """Indented JSON (or the text as it is, where it is no JSON) with a copy button."""
    if value is None or value == "":
        return format_html('<p class="text-secondary mb-0">{}</p>', "Empty")
    text = show.pretty_json(value)
    return format_html(
        '<div class="json-block">{}<pre tabindex="0"><code>{}</code></pre></div>', show.copy_button(text, label), text
    )


@register.simple_tag(takes_context=True)
def query_with(context: template.Context, **changes: Any) -> str:
    """This page's query string with parts changed (None removes) and without the place in the list: `?a=1&b=2`."""
    query: QueryDict = context["request"].GET.copy()
    for name in CURSORS:
        query.pop(name, None)
    for name, value in changes.items():
        if value is None:
            query.pop(name, None)
        elif isinstance(value, (list, tuple)):
            query.setlist(name, [str(each) for each in value])
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"


def _kind(widget: forms.Widget) -> str:
    if kind := getattr(widget, "kind", ""):
        return kind
    if isinstance(widget, (forms.CheckboxSelectMultiple, forms.RadioSelect)):
        return "choices"
    if isinstance(widget, forms.CheckboxInput):
        return "check"
    return "select" if isinstance(widget, forms.Select) else "input"


_CLASSES = {"input": "form-control", "select": "form-select"}


@register.simple_tag
def field(bound: forms.BoundField, compact: bool = False, hint: bool = True) -> SafeString:
    """One form field with label, hint and errors by pages/_field.html; `compact` folds lists of boxes into a menu."""
    widget = bound.field.widget
    kind = _kind(widget)
    attrs: dict[str, Any] = {}
    if kind in ("pick", "rows", "metadata"):
        attrs = {"label": bound.label, "is_invalid": bool(bound.errors)}
    if kind in _CLASSES:
        invalid = " is-invalid" if bound.errors else ""
        attrs["class"] = f"{widget.attrs.get('class', '')} {_CLASSES[kind]}{invalid}".strip()
    chosen = []
    if kind == "choices":
        # A value may be a plain text or django's ModelChoiceIteratorValue; both compare by their text.
        values = bound.value() or []
        values = {str(value) for value in (values if isinstance(values, (list, tuple)) else [values])}
        chosen = [option.choice_label for option in bound.subwidgets if str(option.data["value"]) in values]
    return render_to_string(
        "pages/_field.html",
        {
            "field": bound,
            "kind": kind,
            "hint": bound.help_text if hint else "",
            "compact": compact and kind == "choices",
            "control": "" if kind == "choices" else bound.as_widget(attrs=attrs),
            "is_wide": kind == "metadata",
            "chosen": chosen,
        },
    )
