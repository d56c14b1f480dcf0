"""Pure: Voucherify's rules object becomes clauses that can be evaluated, or is refused when it is saved."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from campaigns.conditions.logic import All, Logic, Name, keys, parse_logic
from campaigns.conditions.names import ITEM_RULES, REFUSED, RULES, RuleName, normal_name
from campaigns.conditions.operators import OPERATORS, REFUSED_OPERATORS, Wanted, normal_operator, wanted_values
from campaigns.conditions.tallies import Tally

MAX_LEVELS = 10
KEY = re.compile(r"\w+")
# What is said of the products that the rule around it names, and means nothing without them.
SAID_OF_PRODUCTS = frozenset(name for name, rule in RULES.items() if rule.applies_discount) | {
    "product.metadata.match_all"
}
NARROWING = frozenset(name for name, rule in RULES.items() if rule.narrows)


class InvalidRule(ValueError):  # noqa: N818 - it is the rule that is invalid
    """A rule that could not be evaluated; `details` names the clause and the remedy."""

    def __init__(self, details: str, message: str = "Invalid Validation Rule Definition") -> None:
        super().__init__(details)
        self.message = message
        self.details = details


@dataclass(frozen=True)
class Clause:
    """One rule of a set: a name, its conditions, and the rules nested in it. `path` is "1" or "1.2"."""

    path: str
    name: str
    property: str | None
    conditions: Mapping[str, Wanted]
    nested: "RuleSet"
    error_message: str | None

    @cached_property
    def rule(self) -> RuleName:
        """What is known of the rule's name."""
        return RULES[self.name]


@dataclass(frozen=True)
class RuleSet:
    """Clauses by key and how they are combined. An empty set holds always."""

    clauses: Mapping[str, Clause]
    logic: Logic
    logic_text: str

    def every_clause(self) -> Iterator[Clause]:
        """All clauses, the nested ones too."""
        for clause in self.clauses.values():
            yield clause
            yield from clause.nested.every_clause()


@dataclass(frozen=True)
class Needs:
    """What has to be read before these rules can be evaluated."""

    customer: bool
    customer_metadata: bool
    segments: frozenset[str]
    products: frozenset[str]
    tallies: frozenset[Tally]
    customer_orders: bool


def needs(*rulesets: RuleSet) -> Needs:
    """Say what the rules ask for, so that nothing else is loaded."""
    clauses = [clause for ruleset in rulesets for clause in ruleset.every_clause()]

    def wanted(names: frozenset[str]) -> frozenset[str]:
        values = [value for clause in clauses if clause.name in names for value in clause.conditions.values()]
        return frozenset(one for value in values for one in value if isinstance(one, str))

    names = {clause.name for clause in clauses}
    return Needs(
        customer=any("customer" in clause.rule.required for clause in clauses),
        customer_metadata="customer.metadata" in names,
        segments=wanted(frozenset({"customer.segment"})),
        products=wanted(ITEM_RULES),
        tallies=frozenset(clause.rule.tally for clause in clauses if clause.rule.tally is not None),
        customer_orders=any(name.startswith("customer.orders.") for name in names),
    )


def parse_rules(rules: object) -> RuleSet:
    """Read the `rules` property of a validation rule; raises InvalidRule for whatever could not be evaluated later."""
    return _parse_set(rules, path="")


def _parse_set(rules: object, path: str, inside: str = "") -> RuleSet:
    where = f"Rule '{path}': property .rules" if path else "Property .rules"
    if rules is None:
        rules = {}
    if not isinstance(rules, Mapping):
        raise InvalidRule(f"{where} should be an object with rules '1', '2', … and logic")
    if path.count(".") >= MAX_LEVELS:
        raise InvalidRule(f"{where} is nested deeper than {MAX_LEVELS} levels")
    clauses = {}
    for key, rule in rules.items():
        if key == "logic":
            continue
        if not isinstance(key, str) or not KEY.fullmatch(key) or key.lower() in {"and", "or"}:
            raise InvalidRule(f"{where} should have the keys '1', '2', … and logic, not {key!r}")
        clauses[key] = _parse_clause(rule, f"{path}.{key}" if path else key, inside)
    logic, text = _parse_logic(rules.get("logic"), clauses, where)
    return RuleSet(clauses, logic, text)


def _parse_logic(raw: object, clauses: Mapping[str, Clause], where: str) -> tuple[Logic, str]:
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return All(tuple(Name(key) for key in clauses)), " and ".join(clauses)
    if not isinstance(raw, str):
        raise InvalidRule(f"{where}.logic should be a text such as '1 and (2 or 3)'")
    try:
        logic = parse_logic(raw)
    except ValueError as error:
        raise InvalidRule(f"{where}.logic {error}: '{raw[:100]}'") from error
    named = set(keys(logic))
    if absent := sorted(named - clauses.keys()):
        raise InvalidRule(f"{where}.logic names rule '{absent[0]}', which does not exist")
    if forgotten := sorted(clauses.keys() - named):
        # A clause that staff wrote and nothing evaluates would be passed silently at the till.
        raise InvalidRule(f"{where}.logic does not mention rule '{forgotten[0]}'")
    return logic, raw


def _parse_clause(rule: object, path: str, inside: str = "") -> Clause:
    if not isinstance(rule, Mapping):
        raise InvalidRule(f"Rule '{path}' should be an object with name and conditions")
    raw_name = rule.get("name")
    if not isinstance(raw_name, str) or not raw_name:
        raise InvalidRule(f"Rule '{path}' must have a 'name'")
    name = normal_name(raw_name)
    if name in REFUSED:
        raise InvalidRule(f"Rule '{path}' ({name}) cannot be evaluated: {REFUSED[name]}")
    if name not in RULES:
        raise InvalidRule(f"Rule '{path}' has the unknown name '{raw_name}'; known are {', '.join(sorted(RULES))}")
    prop = rule.get("property")
    if prop is not None and not isinstance(prop, str):
        raise InvalidRule(f"Rule '{path}' ({name}): property should be a text, not {prop!r}")
    if RULES[name].has_property and not prop:
        raise InvalidRule(f"Rule '{name}' must have a 'property'")
    if name in SAID_OF_PRODUCTS and inside not in NARROWING:
        raise InvalidRule(f"Rule '{path}' ({name}) has to stand in the rules of product.id, product.metadata or sku.id")
    nested = _parse_set(rule.get("rules"), path, name if RULES[name].narrows or RULES[name].quantifier else inside)
    conditions = _parse_conditions(rule.get("conditions"), name, path)
    if not conditions and not nested.clauses:
        raise InvalidRule(f"Rule '{path}' ({name}) must have 'conditions' such as {{'$is': ['…']}}")
    return Clause(path, name, prop or None, conditions, nested, _error_message(rule.get("error"), path))


def _parse_conditions(raw: object, name: str, path: str) -> dict[str, Wanted]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise InvalidRule(f"Rule '{path}' ({name}): conditions should be an object such as {{'$is': ['…']}}")
    conditions = {}
    for raw_operator, values in raw.items():
        operator = normal_operator(str(raw_operator))
        if operator in REFUSED_OPERATORS:
            raise InvalidRule(f"Rule '{path}' ({name}): {operator}: {REFUSED_OPERATORS[operator]}")
        if operator not in OPERATORS:
            raise InvalidRule(
                f"Rule '{path}' ({name}) has the unknown operator '{raw_operator}'; known are {', '.join(OPERATORS)}"
            )
        try:
            conditions[operator] = wanted_values(operator, RULES[name].values, values)
        except ValueError as error:
            raise InvalidRule(f"Rule '{path}' ({name}): {operator} {error}") from error
    return conditions


def _error_message(raw: object, path: str) -> str | None:
    if raw is None:
        return None
    message = raw.get("message") if isinstance(raw, Mapping) else None
    if not isinstance(raw, Mapping) or not (message is None or isinstance(message, str)):
        raise InvalidRule(f"Rule '{path}': error should be an object with a text 'message'")
    return message or None
