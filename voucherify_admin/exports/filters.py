"""What one can ask of the list of exports."""

from django.conf import settings

from voucherify_admin.exports.exporter import label_of
from voucherify_admin.exports.models import Export
from voucherify_admin.pages.filters import BaseFilter, ChoicesFilter, TextFilter


class ExportFilter(BaseFilter):
    """The questions of the list of exports. Whose it is can be asked by those who see everyone's."""

    time_field = "created_at"
    primary = ("kind", "state", "period", "owner")
    needs_permission = {"owner": "accounts.administer"}

    kind = ChoicesFilter(label="What", choices=lambda: [(kind, label_of(kind)) for kind in settings.EXPORTERS])
    state = ChoicesFilter(label="State", choices=Export.State.choices)
    owner = TextFilter(label="Owner", field_name="owner__username", help_text="The login.")
