"""The frame: how the site runs. It has no idea what a voucher is, except in its roof files."""

from voucherify_admin.celery import app as celery_app

__all__ = ["celery_app"]
