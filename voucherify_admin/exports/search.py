"""What the search box finds among exports: a person's own, by id."""

from collections.abc import Iterator

from voucherify_admin.exports.exporter import label_of
from voucherify_admin.exports.models import Export
from voucherify_admin.pages.search import Asked, Group, Hit


def find(asked: Asked) -> Iterator[Group]:
    """The export of this id, for those who may see it."""
    if asked.text.startswith("exp_") and asked.user.has_perm("exports.add_export"):
        rows = Export.objects.visible_to(asked.user).filter(public_id=asked.text)
        hits = [Hit(f"Export of {label_of(row.kind).lower()}", row.get_absolute_url(), "", True) for row in rows]
        yield Group("Exports", "file-download", hits)
