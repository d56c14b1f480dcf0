"""Pure: holds a rule set against a subject and remembers, node by node, what was compared."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any as AnyValue

from campaigns.conditions.clauses import Clause, RuleSet
from campaigns.conditions.logic import All, Logic, Name
from campaigns.conditions.names import Group, Missing, extreme
from campaigns.conditions.operators import NOWHEN, Clock, Wanted, found_values
from campaigns.conditions.operators import holds as operator_holds
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
    missing: Missing | None = None


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
        node, message = min(deciding, key=lambda each: MISSING.index(each[0].missing or "customer"))
        missing = node.missing
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
    missing = _missing(rule.required, subject)
    if missing is not None:
        operator = next(iter(clause.conditions), None)
        return _Node(clause, None, None, operator, None, _evaluate_set(clause.nested, subject), missing)
    if rule.quantifier:
        return _evaluate_quantifier(clause, subject)
    found = rule.read(subject, clause.property or "")
    operator, own = _own(clause, found, subject)
    inner = subject
    if rule.narrows and clause.conditions:
        # Rules inside a product's rule speak of that product, not of the whole order.
        items = matching(clause, subject)
        inner = replace(
            subject, items=items, matched=items, whole=subject.items if subject.whole is None else subject.whole
        )
    nested = _evaluate_set(clause.nested, inner)
    return _Node(clause, _both(own, nested.holds), own, operator, found, nested)


def _evaluate_quantifier(clause: Clause, subject: Subject) -> _Node:
    """Items one by one: each has to meet the conditions and the nested rules together, or none, or one of them."""
    found = clause.rule.read(subject, "")
    operator = next(iter(clause.conditions), None)
    everything = subject.items or ()
    pool = extreme(everything, clause.name)
    candidates = matching(clause, replace(subject, items=pool))
    tried = [_evaluate_set(clause.nested, replace(subject, items=(item,), matched=candidates)) for item in candidates]
    nothing = _evaluate_set(clause.nested, replace(subject, items=(), matched=()))
    if clause.name == "order.items.none":
        met = _first(tried, True) if clause.nested.clauses else None
        unknown = _first(tried, None)
        if met is None and unknown is not None:
            return _Node(clause, None, True, operator, found, unknown)
        violated = met is not None or bool(candidates and not clause.nested.clauses)
        return _Node(clause, not violated, not violated, operator, found, met or nothing)
    if clause.name == "order.items.every":
        if not pool or len(candidates) < len(pool):
            return _Node(clause, False, False, operator, found, tried[0] if tried else nothing)
        worst = _first(tried, False) or _first(tried, None) or tried[0]
        return _Node(clause, worst.holds, True, operator, found, worst)
    if not tried:
        return _Node(clause, False, False, operator, found, nothing)
    best = _first(tried, True) or _first(tried, None) or tried[0]
    return _Node(clause, best.holds, True, operator, found, best)


def _first(results: list[_Result], outcome: bool | None) -> _Result | None:
    return next((result for result in results if result.holds is outcome), None)


def matching(clause: Clause, subject: Subject) -> tuple[Item, ...]:
    """The subject's items that by themselves meet the clause's own conditions."""

    def alone(item: Item) -> bool:
        only = replace(subject, items=(item,), matched=None)
        return _own(clause, clause.rule.read(only, clause.property or ""), only)[1]

    return tuple(item for item in subject.items or () if not clause.conditions or alone(item))


def _own(clause: Clause, found: AnyValue, subject: Subject) -> tuple[str | None, bool]:
    """The operator that decided, and whether all the clause's own conditions hold."""
    if clause.rule.applies_discount:
        return next(iter(clause.conditions), None), True
    values = found_values(found)
    clock = NOWHEN if subject.now is None else Clock(subject.now, subject.tz)
    for operator, wanted in clause.conditions.items():
        if clause.rule.each:
            met = bool(values) and all(operator_holds(operator, found_values(one), wanted, clock) for one in values)
        else:
            met = operator_holds(operator, values, wanted, clock)
        if not met:
            return operator, False
    return next(iter(clause.conditions), None), True


def _both(own: bool, nested: bool | None) -> bool | None:
    return nested if own else False


def _missing(required: tuple[Missing, ...], subject: Subject) -> Missing | None:
    absent = {"customer": not subject.customer, "items": subject.items is None, "amount": subject.amount is None}
    return next((one for one in required if absent[one]), None)


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
