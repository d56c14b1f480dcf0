"""The Celery app and the timetable of periodic tasks; the tasks themselves stand beside their models."""

import os

from celery import Celery
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voucherify_admin.settings")

app = Celery("voucherify_admin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(
    [
        "voucherify_admin.api",
        "voucherify_admin.async_actions",
        "voucherify_admin.exports",
        "voucherify_admin.notifications",
        "voucherify_admin.webhooks",
        "redemptions",
    ]
)

app.conf.beat_schedule = {
    # A worker that died leaves an export without a heartbeat; this finds it and builds it again.
    "rescue-stalled-exports": {
        "task": "voucherify_admin.exports.tasks.rescue_stalled_exports",
        "schedule": 30.0,
    },
    "expire-exports": {
        "task": "voucherify_admin.exports.tasks.expire_exports",
        "schedule": crontab(minute=17),
    },
    "rescue-stalled-actions": {
        "task": "voucherify_admin.async_actions.tasks.rescue_stalled_actions",
        "schedule": 30.0,
    },
    # Retries that are due, and events whose task was lost with the broker.
    "deliver-due-webhooks": {
        "task": "voucherify_admin.webhooks.tasks.deliver_due",
        "schedule": 15.0,
    },
    "prune-webhook-deliveries": {
        "task": "voucherify_admin.webhooks.tasks.prune_deliveries",
        "schedule": crontab(hour=3, minute=35),
    },
    # Hours that are over, and those in which something was rolled back or came late.
    "count-attempts": {
        "task": "redemptions.tasks.count_attempts",
        "schedule": 60.0,
    },
    "keep-call-log": {
        "task": "voucherify_admin.api.tasks.keep_call_log",
        "schedule": crontab(hour=3, minute=5),
    },
    "forget-idempotent-answers": {
        "task": "voucherify_admin.api.tasks.forget_idempotent_answers",
        "schedule": crontab(minute=41),
    },
}
