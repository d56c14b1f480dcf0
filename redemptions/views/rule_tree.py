"""A stored rule as the lines of a tree: "all of these", "one of these", and which clause decided; decides nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from campaigns.conditions.logic import All, Logic, Name, keys, parse_logic
from redemptions.views import compared
from redemptions.views.compared import MAX_LEVEL, ClauseOutcome, outcome

Node = Mapping[str, Any]


def lines(facts: Mapping[str, Any]) -> list[ClauseOutcome]:
    """The rule that decided, line by line from the top; one that cannot be read as a tree is told clause by clause."""
    tree = facts.get("tree")
    if not isinstance(tree, Mapping):
        return []
    names, decisive = facts.get("segment_names") or {}, str(facts.get("path") or "")
    found = _rules(tree, names, 0)
    return [replace(line, decided=bool(decisive) and not line.is_group and line.path == decisive) for line in found]


@dataclass(frozen=True)
class MetTree:
    """A rule that an accepted attempt met: its clauses, and the same as the lines of a tree."""

    name: str
    clauses: list[ClauseOutcome]
    lines: list[ClauseOutcome]
    logic: str


def met(facts: Mapping[str, Any]) -> list[MetTree]:
    """The rules that an accepted attempt was held against and met."""
    listed = facts.get("rules_met")
    trees = [rule.get("tree") for rule in (listed if isinstance(listed, list) else []) if isinstance(rule, Mapping)]
    return [
        MetTree(rule.name, rule.clauses, lines({**facts, "tree": tree}), rule.logic)
        for rule, tree in zip(compared.rules_met(facts), trees, strict=True)
    ]


def _rules(tree: Node, names: Mapping[str, str], level: int) -> Iterator[ClauseOutcome]:
    nodes = {str(node.get("path") or "").rpartition(".")[2]: node for node in tree.get("rules") or []}
    logic = _logic_of(tree)
    if logic is not None and set(keys(logic)) == set(nodes):
        yield from _told(logic, nodes, names, level)
        return
    for node in tree.get("rules") or []:
        yield from _clause(node, names, level)


def _logic_of(tree: Node) -> Logic | None:
    try:
        return parse_logic(str(tree.get("logic") or ""))
    except ValueError:
        return None


def _clause(node: Node, names: Mapping[str, str], level: int) -> Iterator[ClauseOutcome]:
    yield outcome(node, names, level)
    if node.get("rules"):
        yield from _rules(node, names, level + 1)


def _told(logic: Logic, nodes: Mapping[str, Node], names: Mapping[str, str], level: int) -> Iterator[ClauseOutcome]:
    if isinstance(logic, Name):
        yield from _clause(nodes[logic.key], names, level)
        return
    words = "All of these hold" if isinstance(logic, All) else "At least one of these holds"
    yield ClauseOutcome(_holds(logic, nodes), "", words, "", min(level, MAX_LEVEL), is_group=True)
    for part in logic.parts:
        yield from _told(part, nodes, names, level + 1)


def _holds(logic: Logic, nodes: Mapping[str, Node]) -> bool | None:
    """As the engine combined them: what is not known leaves open what the others do not settle."""
    if isinstance(logic, Name):
        return nodes[logic.key].get("holds")
    parts = [_holds(part, nodes) for part in logic.parts]
    settles = not isinstance(logic, All)
    if settles in parts:
        return settles
    return None if None in parts else not settles
