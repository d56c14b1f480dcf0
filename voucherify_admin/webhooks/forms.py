"""The form of a webhook: checks that its address is one that deliveries could go to."""

from dataclasses import dataclass

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from voucherify_admin.webhooks import addresses
from voucherify_admin.webhooks.events import EVENTS, FAMILIES
from voucherify_admin.webhooks.models import Target


@dataclass(frozen=True)
class Family:
    """The boxes of one family of events, and how many of them are ticked."""

    name: str
    boxes: list[forms.boundfield.BoundWidget]
    chosen: int


class TargetForm(forms.ModelForm):
    """What a webhook is called, where it goes and what it tells."""

    url = forms.CharField(label="Address", max_length=2000, help_text="For example https://shop.example.com/vouchers.")
    events = forms.MultipleChoiceField(label="Tell it when", choices=EVENTS, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Target
        fields = ["name", "url", "events", "is_active"]

    def families(self) -> list[Family]:
        """Return the boxes of the events by family, in the order in which the events are listed."""
        bound = self["events"]
        boxes = {box.data["value"]: box for box in bound.subwidgets}
        values = bound.value() or []
        return [
            Family(name, [boxes[event] for event, _ in events], sum(event in values for event, _ in events))
            for name, events in FAMILIES
        ]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        try:
            addresses.resolve(url, allow_private=settings.WEBHOOKS_ALLOW_PRIVATE)
        except addresses.RefusedError as refusal:
            raise ValidationError(f"{refusal}.") from None
        except OSError:
            # Its name may come to be known later; the deliveries will tell.
            pass
        return url
