"""The verbs of use: redeem, validate, roll back, of one code or a stack. Each owns its transaction; API and pages
call the same ones."""

from redemptions.actions.attempts import (
    RollbackRequest,
    preview_rollback,
    reconsider,
    redeem,
    release,
    roll_back,
    validate,
)
from redemptions.actions.stacks import (
    RolledBackStack,
    Stack,
    StackDecision,
    redeem_stack,
    roll_back_stack,
    validate_stack,
)

__all__ = [
    "RollbackRequest",
    "RolledBackStack",
    "Stack",
    "StackDecision",
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
