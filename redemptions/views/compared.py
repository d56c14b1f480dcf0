"""The stored facts of a refusal as rows for a page: what was found and wanted, clause by clause; decides nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.utils import timezone

from campaigns.conditions import RULES
from campaigns.words import clause_in_words
from redemptions import sentences
from voucherify_admin.pages import show

# Of use to the program only, or told in a table of its own.
UNTOLD = {
    "check",
    "tree",
    "path",
    "clause",
    "operator",
    "segment_names",
    "gift_credits",
    "rules_met",
    "stacked",
    "stacked_ids",
    "refused",
}
# Said clause by clause where there is a rule.
IN_CLAUSES = {"wanted", "found", "property"}
MAX_LEVEL = 4
# The row's JSON keeps no order of its own; what one asks first stands first.
FIRST = (
    "rule_name",
    "assigned_to",
    "of",
    "name",
    "starts_at",
    "expired_at",
    "open",
    "opens_at",
    "time_zone",
    "now",
    "limit",
    "used",
    "asked",
    "balance",
)
LAST = ("rule_id", "details")


@dataclass(frozen=True)
class ClauseOutcome:
    """One clause of the rule: whether it held, in words, and what was found. `level` is how deep it is nested."""

    holds: bool | None
    path: str
    text: str
    found: str
    level: int
    # Of a rule told as a tree: stands for the lines below it ("all of these"), and is the clause that decided.
    is_group: bool = False
    decided: bool = False

    @property
    def status(self) -> str:
        return {True: "met", False: "not met", None: "not known"}[self.holds]

    @property
    def icon(self) -> str:
        return {True: "circle-check", False: "circle-x", None: "help-circle"}[self.holds]


@dataclass(frozen=True)
class RuleMet:
    """One rule that an accepted attempt met, with its clauses."""

    name: str
    clauses: list[ClauseOutcome]
    logic: str


def rules_met(facts: Mapping[str, Any]) -> list[RuleMet]:
    """The rules that an accepted attempt was held against and met."""
    listed = facts.get("rules_met")
    return [
        RuleMet(str(rule.get("rule_name") or "Rule"), clauses({**facts, "tree": rule.get("tree")}), logic(rule))
        for rule in (listed if isinstance(listed, list) else [])
        if isinstance(rule, Mapping)
    ]


def rows(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What was compared as (label, value); times in the active zone."""
    zone, currency = timezone.get_current_timezone(), settings.CURRENCY
    untold = UNTOLD | IN_CLAUSES if facts.get("tree") else UNTOLD
    return [
        (sentences.fact_label(name), sentences.fact_text(name, value, facts, tz=zone, currency=currency))
        for name, value in sorted(facts.items(), key=lambda fact: _place(fact[0]))
        if name not in untold and value not in (None, "", [], {})
    ]


def _place(name: str) -> tuple[int, str]:
    if name in FIRST:
        return FIRST.index(name), name
    return len(FIRST) + (LAST.index(name) + 1 if name in LAST else 0), name


def logic(facts: Mapping[str, Any]) -> str:
    """How the rule combines its clauses, e.g. "1 and (2 or 3)"; empty where there is only one."""
    tree = facts.get("tree")
    if not isinstance(tree, Mapping) or len(tree.get("rules") or []) < 2:
        return ""
    return str(tree.get("logic") or "")


@dataclass(frozen=True)
class Difference:
    """One thing that was compared then, now, or both times."""

    label: str
    then: str
    now: str

    @property
    def is_changed(self) -> bool:
        return self.then != self.now


def differences(then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Difference]:
    """What was compared at two moments, side by side; clauses are named by what their rule asks."""
    before, after = dict(rows(then)), dict(rows(now))
    for facts, told in ((then, before), (now, after)):
        met = [clause for rule in rules_met(facts) for clause in rule.clauses]
        for clause in [*clauses(facts), *met]:
            told[clause.text[:1].upper() + clause.text[1:]] = f"{clause.status}: {clause.found}"
    return [Difference(label, before.get(label, "—"), after.get(label, "—")) for label in {**before, **after}]


def clauses(facts: Mapping[str, Any]) -> list[ClauseOutcome]:
    """The clauses of the rule that decided, nested ones after the one that they stand in."""
    tree = facts.get("tree")
    return list(_clauses(tree, facts.get("segment_names") or {}, 0)) if isinstance(tree, Mapping) else []


def _clauses(tree: Mapping[str, Any], segment_names: Mapping[str, str], level: int) -> Iterator[ClauseOutcome]:
    for node in tree.get("rules") or []:
        yield outcome(node, segment_names, level)
        yield from _clauses(node, segment_names, level + 1)


def outcome(node: Mapping[str, Any], segment_names: Mapping[str, str], level: int) -> ClauseOutcome:
    """One stored clause in words, without what is nested in it."""
    name, operator = node.get("name") or "", node.get("operator")
    conditions = node.get("conditions") or ({operator: node.get("wanted") or []} if operator else {})
    clause: Any = SimpleNamespace(name=name, property=node.get("property"), conditions=conditions)
    found = node.get("found")
    if name == "customer.segment" and isinstance(found, list):
        found = [segment_names.get(one, one) for one in found]
    return ClauseOutcome(
        holds=node.get("holds"),
        path=str(node.get("path") or ""),
        text=clause_in_words(clause, segment_names),
        found=_found(name, found),
        level=min(level, MAX_LEVEL),
    )


def _found(name: str, found: Any) -> str:
    rule = RULES.get(name)
    if rule is not None and rule.money and isinstance(found, int):
        return show.money(found)
    if rule is not None and rule.money and isinstance(found, list):
        return ", ".join(show.money(one) if isinstance(one, int) else _plain(one) for one in found) or "nothing"
    if rule is not None and rule.values == "moment" and isinstance(found, str):
        try:
            return show.local_text(datetime.fromisoformat(found))
        except ValueError:
            return found
    return "—" if rule is not None and rule.applies_discount else _plain(found)


def _plain(value: Any) -> str:
    if value is None or value == []:
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
