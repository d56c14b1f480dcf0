"""Pure: does this order of this customer meet this validation rule, and if not, which clause is unmet? Reads no row."""

from campaigns.conditions.applicable import (
    ApplicableTo,
    discounted_items,
    parse_applicable_to,
    restricts_discount,
)
from campaigns.conditions.clauses import Clause, InvalidRule, Needs, RuleSet, needs, parse_rules
from campaigns.conditions.evaluation import Failure, Outcome, evaluate
from campaigns.conditions.names import REFUSED, RULES, Group, Missing, label_of
from campaigns.conditions.operators import ALIASES, OPERATORS, REFUSED_OPERATORS
from campaigns.conditions.subject import Item, Subject
from campaigns.conditions.tallies import Tally, period_start
from campaigns.conditions.wording import operator_in_words, values_in_words

__all__ = [
    "ALIASES",
    "OPERATORS",
    "REFUSED",
    "REFUSED_OPERATORS",
    "RULES",
    "ApplicableTo",
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
    "Tally",
    "discounted_items",
    "evaluate",
    "label_of",
    "needs",
    "operator_in_words",
    "parse_applicable_to",
    "parse_rules",
    "period_start",
    "restricts_discount",
    "values_in_words",
]
