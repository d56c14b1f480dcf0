"""The verbs of use: redeem, validate, roll back, of one code or a stack; and erasing a person from what is on record.

Each owns its transaction; API and pages call the same ones.
"""

from redemptions.actions.attempts import (
    RollbackRequest,
    preview_rollback,
    reconsider,
    redeem,
    release,
    roll_back,
    validate,
)
from redemptions.actions.erasure import Erasure, erase
from redemptions.actions.stacks import (
    RolledBackStack,
    Stack,
    StackDecision,
    redeem_stack,
    roll_back_stack,
    validate_stack,
)

__all__ = [
    "Erasure",
    "RollbackRequest",
    "RolledBackStack",
    "Stack",
    "StackDecision",
    "erase",
    "preview_rollback",
    "reconsider",
    "redeem",
    "redeem_stack",
    "release",
    "roll_back",
    "roll_back_stack",
    "validate",
    "validate_stack",
]
