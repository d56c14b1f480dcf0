"""Pure: does this order of this customer meet this validation rule, and if not, which clause is unmet? Reads no row."""

from campaigns.conditions.clauses import Clause, InvalidRule, Needs, RuleSet, needs, parse_rules
from campaigns.conditions.evaluation import Failure, Outcome, evaluate
from campaigns.conditions.names import RULES, Group, Missing
from campaigns.conditions.subject import Item, Subject

__all__ = [
    "RULES",
    "Clause",
    "Failure",
    "Group",
    "InvalidRule",
    "Item",
    "Missing",
    "Needs",
    "Outcome",
    "RuleSet",
    "Subject",
    "evaluate",
    "needs",
    "parse_rules",
]
