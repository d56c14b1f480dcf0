"""People of the dashboard; knows nothing of what they look at."""

import zoneinfo
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models, transaction

from voucherify_admin.ids import new_id

ADMINISTRATOR, USER, VIEWER, MERCHANT = "Administrator", "User", "Viewer", "Merchant"
ROLES = [ADMINISTRATOR, USER, VIEWER, MERCHANT]


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is in the IANA time zone database."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(f"“{name}” is not a time zone; use a name such as Europe/Warsaw.")


class User(AbstractUser):
    """A person who signs in. What they may do comes from the groups named after the roles."""

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "user_"))
    time_zone = models.CharField(
        max_length=64,
        blank=True,
        validators=[validate_time_zone],
        help_text="Times are shown in this zone, for example Europe/Warsaw. Empty: the installation's own.",
    )
    # How lists are looked at, by the list's name (pages/columns.py). It stands on the person's own row, which every
    # page reads anyway, so that remembering costs no page a query.
    list_choices = models.JSONField(default=dict, blank=True, editable=False)

    class Meta(AbstractUser.Meta):
        permissions = [("administer", "Can use Django admin, keys and settings")]

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The zone in which this person reads and enters times."""
        return zoneinfo.ZoneInfo(self.time_zone or settings.TIME_ZONE)

    @property
    def role(self) -> str:
        """The name of the person's strongest role, or the empty string."""
        names = {group.name for group in self.groups.all()}
        return next((role for role in ROLES if role in names), "")

    def keep_list_choice(self, list_name: str, choice: dict[str, Any] | None) -> None:
        """Remember how this person looks at one list, other lists untouched; None forgets it."""
        with transaction.atomic():
            # Two windows may choose at once, each for another list.
            choices = type(self).objects.select_for_update().values_list("list_choices", flat=True).get(pk=self.pk)
            kept = {name: each for name, each in choices.items() if name != list_name}
            self.list_choices = kept if choice is None else {**kept, list_name: choice}
            self.save(update_fields=["list_choices"])
