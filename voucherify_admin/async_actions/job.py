"""What an asynchronous action does: the base of the jobs that the apps bring, found by their type in the settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from voucherify_admin.async_actions.models import AsyncAction


class RefusedError(Exception):
    """The action cannot be done; the text is a sentence for whoever asked."""


@dataclass(frozen=True)
class RowResult:
    """What came of one row of the input: its number (1 is the first after the header), its name, what is wrong."""

    number: int
    name: str
    error: str = ""


@dataclass(frozen=True)
class Step:
    """What one step did: so many units of the total are behind it, these rows came out so."""

    position: int
    done: int
    is_last: bool
    rows: Sequence[RowResult] = ()


class Job:
    """One kind of work, cut into steps. A step runs in a transaction together with the note of how far it came.

    So a step that was interrupted left nothing behind, and one that was noted is never run again.
    """

    label = ""
    # What was done with the rows, as in “5 of 6 were created”.
    done_word = "created"

    def __init__(self, action: "AsyncAction") -> None:
        self.action = action

    def step(self, position: int, *, now: datetime) -> Step:
        """Do the work that follows `position`; raise RefusedError to end the action with a reason."""
        raise NotImplementedError


def get_job(action_type: str) -> type[Job]:
    """Return the job of this type; raise KeyError for a type that the settings do not name."""
    return import_string(settings.ASYNC_ACTIONS[action_type])
