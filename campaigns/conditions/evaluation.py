"""Pure: holds a rule set against a subject and remembers, node by node, what was compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any as AnyValue

from campaigns.conditions.clauses import Clause, RuleSet
from campaigns.conditions.logic import All, Logic, Name
from campaigns.conditions.names import ITEM_RULES, Group, Missing
from campaigns.conditions.operators import OPERATORS, Wanted, found_values
from campaigns.conditions.subject import Item, Subject

# Of several unmet clauses the one is told whose reason is checked first.
GROUPS: tuple[Group, ...] = ("customer", "order", "redemption")
MISSING: tuple[Missing, ...] = ("amount", "items", "customer")
MAX_FOUND = 50


@dataclass(frozen=True)
class Failure:
    """The clause that decided, and what it compared. `found` is None for what was not there."""

    path: str
    name: str
    property: str | None
    operator: str | None
    wanted: list[AnyValue]
    found: AnyValue


@dataclass(frozen=True)
class Outcome:
    """Whether a rule set holds; if not, why, or what would have to be sent to know. `tree` is JSON."""

    holds: bool
    tree: dict[str, AnyValue]
    missing: Missing | None = None
    first_failure: Failure | None = None
    group: Group | None = None
    error_message: str | None = None


@dataclass(frozen=True)
class _Node:
    """One clause after evaluation; `holds` is None when something that it needs was not sent."""

    clause: Clause
    holds: bool | None
    own: bool | None
    operator: str | None
    found: AnyValue
    nested: "_Result"


@dataclass(frozen=True)
class _Result:
    holds: bool | None
    ruleset: RuleSet
    nodes: Mapping[str, _Node] = field(default_factory=dict)


def evaluate(ruleset: RuleSet, subject: Subject, *, error_message: str | None = None) -> Outcome:
    """Decide whether the subject meets the rules; `error_message` is told when no clause has a text of its own.

    What was not sent is neither true nor false: it makes the outcome `missing` only where it decides.
    """
    result = _evaluate_set(ruleset, subject)
    tree: dict[str, AnyValue] = {"holds": result.holds, "logic": ruleset.logic_text, "rules": _trees(result)}
    if result.holds:
        return Outcome(True, tree)
    deciding = list(_deciding(result, (error_message,)))
    if result.holds is None:
        node, message = min(deciding, key=lambda each: MISSING.index(each[0].clause.rule.needs or "customer"))
        missing = node.clause.rule.needs
    else:
        node, message = min(deciding, key=lambda each: GROUPS.index(each[0].clause.rule.group))
        missing = None
    return Outcome(False, tree, missing, _failure(node), node.clause.rule.group, message)


def _evaluate_set(ruleset: RuleSet, subject: Subject) -> _Result:
    nodes = {key: _evaluate_clause(clause, subject) for key, clause in ruleset.clauses.items()}
    return _Result(_combine(ruleset.logic, nodes), ruleset, nodes)


def _combine(logic: Logic, nodes: Mapping[str, _Node]) -> bool | None:
    if isinstance(logic, Name):
        return nodes[logic.key].holds
    outcomes = [_combine(part, nodes) for part in logic.parts]
    # The value that decides at once: one False for `and`, one True for `or`; else what is missing; else the other.
    decisive = not isinstance(logic, All)
    if decisive in outcomes:
        return decisive
    return None if None in outcomes else not decisive


def _evaluate_clause(clause: Clause, subject: Subject) -> _Node:
    rule = clause.rule
    if _is_missing(rule.needs, subject):
        return _Node(
            clause, None, None, next(iter(clause.conditions), None), None, _evaluate_set(clause.nested, subject)
        )
    if clause.name == "order.items.any" and clause.nested.clauses:
        return _evaluate_any_item(clause, subject)
    found = rule.read(subject, clause.property or "")
    operator, own = _own(clause, found)
    inner = subject
    if clause.name in ITEM_RULES and clause.conditions:
        # Rules inside a product's rule speak of that product, not of the whole order.
        inner = replace(subject, items=tuple(item for item in subject.items or () if _matches(clause, item)))
    nested = _evaluate_set(clause.nested, inner)
    return _Node(clause, _both(own, nested.holds), own, operator, found, nested)


def _evaluate_any_item(clause: Clause, subject: Subject) -> _Node:
    """One single item has to meet the conditions and the nested rules together."""
    found = clause.rule.read(subject, "")
    operator, own = _own(clause, found)
    candidates = [item for item in subject.items or () if _matches(clause, item)]
    tried = [_evaluate_set(clause.nested, replace(subject, items=(item,))) for item in candidates]
    if not tried:
        return _Node(clause, False, False, operator, found, _evaluate_set(clause.nested, replace(subject, items=())))
    best = next((result for result in tried if result.holds), None)
    best = best or next((result for result in tried if result.holds is None), tried[0])
    return _Node(clause, _both(own, best.holds), own, operator, found, best)


def _matches(clause: Clause, item: Item) -> bool:
    return _own(clause, clause.rule.read(Subject(items=(item,)), ""))[1]


def _own(clause: Clause, found: AnyValue) -> tuple[str | None, bool]:
    """The operator that decided, and whether all the clause's own conditions hold."""
    values = found_values(found)
    for operator, wanted in clause.conditions.items():
        if not OPERATORS[operator](values, wanted):
            return operator, False
    return next(iter(clause.conditions), None), True


def _both(own: bool, nested: bool | None) -> bool | None:
    return nested if own else False


def _is_missing(needed: Missing | None, subject: Subject) -> bool:
    match needed:
        case "customer":
            return not subject.customer
        case "items":
            return subject.items is None
        case "amount":
            return subject.amount is None
    return False


def _deciding(result: _Result, messages: tuple[str | None, ...]) -> Iterator[tuple[_Node, str | None]]:
    """The nodes that share the result's outcome, outermost clause first, each with the text nearest to it."""
    for key in dict.fromkeys(_deciding_keys(result.ruleset.logic, result.nodes, result.holds)):
        node = result.nodes[key]
        known = (*messages, node.clause.error_message)
        if node.own is True and node.nested.ruleset.clauses:
            yield from _deciding(node.nested, known)
        else:
            yield node, next((text for text in reversed(known) if text), None)


def _deciding_keys(logic: Logic, nodes: Mapping[str, _Node], outcome: bool | None) -> Iterator[str]:
    if isinstance(logic, Name):
        yield logic.key
        return
    for part in logic.parts:
        if _combine(part, nodes) is outcome:
            yield from _deciding_keys(part, nodes, outcome)


def _failure(node: _Node) -> Failure:
    clause = node.clause
    wanted: Wanted = clause.conditions.get(node.operator or "", ())
    return Failure(clause.path, clause.name, clause.property, node.operator, list(wanted), _told(node.found))


def _trees(result: _Result) -> list[dict[str, AnyValue]]:
    trees = []
    for node in result.nodes.values():
        failure = _failure(node)
        tree: dict[str, AnyValue] = {
            "path": failure.path,
            "name": failure.name,
            "property": failure.property,
            "operator": failure.operator,
            "wanted": failure.wanted,
            "found": failure.found,
            "holds": node.holds,
            "error_message": node.clause.error_message,
            "logic": node.nested.ruleset.logic_text,
            "rules": _trees(node.nested),
        }
        if len(node.clause.conditions) > 1:
            tree["conditions"] = {operator: list(wanted) for operator, wanted in node.clause.conditions.items()}
        trees.append(tree)
    return trees


def _told(found: AnyValue) -> AnyValue:
    """What was found, as it is stored: an endless list is cut, or one attempt could fill a page."""
    return found[:MAX_FOUND] if isinstance(found, list) else found
