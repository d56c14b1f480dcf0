"""Asks for an asynchronous action: saves the row with its input and hands it to the workers once it is committed."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from voucherify_admin.async_actions import tasks
from voucherify_admin.async_actions.models import AsyncAction

FOLDER = "imports"


@dataclass(frozen=True)
class Asked:
    """Who asks: a person or a key, and in which call."""

    owner: Any = None
    app_id: str = ""
    request_id: str = ""


@dataclass(frozen=True)
class Work:
    """What is to be done: `total` rows or codes, with these parameters, on this subject, from this input."""

    type: str
    total: int
    parameters: dict[str, Any] = field(default_factory=dict)
    subject: tuple[str, str] = ("", "")
    content: bytes | None = None
    file_name: str = ""


def start(work: Work, asked: Asked) -> AsyncAction:
    """Save the action, its input in the storage, and have it run after the commit."""
    with transaction.atomic():
        action = prepare(work, asked)
        transaction.on_commit(partial(tasks.enqueue, action.pk))
    return action


def prepare(work: Work, asked: Asked) -> AsyncAction:
    """Save the action and its input, for who runs it at once; left alone it is found by the timetable after a while."""
    action = AsyncAction(
        type=work.type,
        total=work.total,
        parameters=work.parameters,
        subject_type=work.subject[0],
        subject_id=work.subject[1],
        file_name=work.file_name[:200],
        owner=asked.owner,
        app_id=asked.app_id,
        request_id=asked.request_id,
    )
    if work.content is not None:
        action.file = default_storage.save(f"{FOLDER}/{action.public_id}", ContentFile(work.content))
    action.save()
    return action
