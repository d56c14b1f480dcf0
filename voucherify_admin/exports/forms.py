"""The choice of an export's fields, zone and separator: HTML input to clean values; knows no row."""

import re
import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from voucherify_admin.exports.actions import FileForm
from voucherify_admin.exports.exporter import MAX_FIELDS, METADATA, Exporter
from voucherify_admin.exports.models import Export

SEPARATORS = [(",", "Comma  ,"), (";", "Semicolon  ;"), ("\t", "Tab")]
COMPLETE, SHOWN = "complete", "shown"
POSITION = "position-"


class KeysField(forms.MultipleChoiceField):
    """Keys as they were ticked, in the order of the page."""

    def validate(self, value: list[str]) -> None:
        if len(value) > 10 * MAX_FIELDS:
            raise ValidationError("These are too many fields.")


class ExportForm(forms.Form):
    """What the file is to hold and how it is to look.

    The fields stand in the order of `keys`; a number typed beside one (`position-<key>`) puts it at that place.
    """

    scope = forms.ChoiceField(
        label="Rows",
        choices=[(SHOWN, "What is on the screen"), (COMPLETE, "The complete history")],
        widget=forms.RadioSelect,
    )
    # Which keys there are is checked by the exporter, for metadata keys come and go.
    columns = KeysField(label="Fields", required=False)
    more_metadata = forms.CharField(
        label="More metadata keys",
        required=False,
        max_length=2000,
        help_text="Keys that are not in the list, separated by commas.",
    )
    time_zone = forms.ChoiceField(label="Time zone")
    format = forms.ChoiceField(label="Format", choices=Export.Format.choices, required=False)
    separator = forms.ChoiceField(label="Separator", choices=SEPARATORS, required=False)
    with_bom = forms.BooleanField(
        label="For Excel", required=False, help_text="A mark at the start, by which Excel reads accents right."
    )

    def __init__(self, *args: Any, exporter: Exporter, reader: Any, keys: list[str], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.exporter = exporter
        self.reader = reader
        self.keys = keys
        zones = [zone] if zone == "UTC" else [zone, "UTC"]
        others = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
        self.fields["time_zone"].choices = [*((name, name) for name in zones), *((name, name) for name in others)]

    def chosen(self) -> set[str]:
        """The keys that are ticked, as they were typed or as they begin."""
        return set(self["columns"].value() or [])

    def rows(self) -> list[dict[str, Any]]:
        """One line a key for the template: key, label, whether it is ticked, its place, the one that was typed."""
        chosen = self.chosen()
        lines = []
        place = 0
        for key in self.keys:
            column = self.exporter.column(key)
            if column is not None:
                position = self.data.get(f"{POSITION}{key}", "") if self.is_bound else ""
                label = key.removeprefix(METADATA) if key.startswith(METADATA) else column.label
                is_metadata = key.startswith(METADATA)
                is_chosen = key in chosen
                place += is_chosen
                lines.append(
                    {
                        "key": key,
                        "label": label,
                        "is_metadata": is_metadata,
                        "checked": is_chosen,
                        "position": position,
                        "place": place if is_chosen else "",
                    }
                )
        return lines

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = [key.strip() for key in re.split(r"[,\n]", cleaned.get("more_metadata", "")) if key.strip()]
        ticked = [*cleaned.get("columns", []), *(f"{METADATA}{key}" for key in typed)]
        fields = self._placed(list(dict.fromkeys(ticked)))
        unknown = self.exporter.unknown_fields(fields, self.reader)
        if unknown:
            self.add_error("columns", f"There is no field “{unknown[0]}” that your role may export.")
        elif not fields:
            self.add_error("columns", "Choose at least one field.")
        elif len(fields) > MAX_FIELDS:
            self.add_error("columns", f"Choose {MAX_FIELDS} fields at the most.")
        cleaned["columns"] = fields
        return cleaned

    def _placed(self, keys: list[str]) -> list[str]:
        """`keys` with those that have a number moved to that place, counted from 1."""
        wanted = []
        for key in keys:
            text = self.data.get(f"{POSITION}{key}", "").strip()
            if not text:
                continue
            if not re.fullmatch(r"[0-9]{1,4}", text) or int(text) < 1:
                self.add_error("columns", f"The position “{text}” is not a number from 1 on.")
                return keys
            wanted.append((int(text), key))
        placed = {key for _, key in wanted}
        order = [key for key in keys if key not in placed]
        for position, key in sorted(wanted, key=lambda each: each[0]):
            order.insert(position - 1, key)
        return order

    def file_form(self) -> FileForm:
        """The clean choice."""
        return FileForm(
            fields=self.cleaned_data["columns"],
            format=self.cleaned_data["format"] or Export.Format.CSV,
            time_zone=self.cleaned_data["time_zone"],
            separator=self.cleaned_data["separator"] or ",",
            with_bom=self.cleaned_data["with_bom"],
        )
