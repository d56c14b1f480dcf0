"""The API of the use: attempts, stacks of several codes on one order, validations, rollbacks.

One router for both modules: they share paths, and a path of its own router would know one method only.
"""

from redemptions.api import stacks
from redemptions.api.attempts import router

__all__ = ["router", "stacks"]
