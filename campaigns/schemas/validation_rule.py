"""Validation rules and their assignments on the wire; what a rule means is said by campaigns.conditions."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictBool

from campaigns import conditions
from campaigns.models import RuleAssignment, ValidationRule
from voucherify_admin.api.errors import ApiError, invalid_payload
from voucherify_admin.api.wire import BodyIn, ListQuery, Name, QueryText, Short, Timestamp, example, iso

MOST_PRODUCTS = 1000
PRODUCT = {"object": "product", "id": "tea"}
EXAMPLE = {"1": {"name": "order.amount", "conditions": {"$more_than": [5000]}}, "logic": "1"}


class RuleErrorIn(BodyIn):
    message: Annotated[str, Field(max_length=1000, strict=True)] | None = None


class ApplicableToIn(BodyIn):
    """Products and SKUs, by `object` and `id` or `source_id`, that the discount is to apply to."""

    included_all: StrictBool | None = None
    included: list[Any] | None = Field(None, max_length=MOST_PRODUCTS, examples=[[PRODUCT]])
    excluded: list[Any] | None = Field(None, max_length=MOST_PRODUCTS, examples=[[PRODUCT]])

    def kept(self) -> dict[str, Any]:
        """Return it as it is stored; raise ApiError 400, naming the entry, for what could not be heeded."""
        wire = {"included_all": self.included_all, "included": self.included or [], "excluded": self.excluded or []}
        try:
            parsed = conditions.parse_applicable_to(wire)
        except conditions.InvalidRule as error:
            raise invalid_payload(error.details) from error
        return {**wire, "included_all": parsed.included_all} if parsed.restricts or parsed.included else {}


class RuleFields(BodyIn):
    rules: dict[str, Any] | None = Field(None, description="Conditions by key, and `logic`.", examples=[EXAMPLE])
    bundle_rules: dict[str, Any] | None = None
    error: RuleErrorIn | None = None
    applicable_to: ApplicableToIn | None = None
    type: Literal["expression", "basic", "advanced", "complex"] | None = None
    context_type: Short | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns that were sent.

        Raises ApiError 400 for rules that could not be evaluated, and for parts that this version does not evaluate:
        a rule that is kept but never asked would let through what its author meant to refuse.
        """
        if self.bundle_rules:
            raise invalid_payload("Property .bundle_rules is not supported")
        values: dict[str, Any] = {}
        if self.applicable_to is not None:
            values["applicable_to"] = self.applicable_to.kept()
        if self.rules is not None:
            try:
                conditions.parse_rules(self.rules)
            except conditions.InvalidRule as error:
                raise ApiError(400, "invalid_validation_rules", error.message, error.details) from error
            values["rules"] = self.rules
        if self.error is not None:
            values["error_message"] = self.error.message or ""
        for name in ("type", "context_type"):
            if getattr(self, name) is not None:
                values[name] = getattr(self, name)
        return values


class RuleIn(RuleFields):
    model_config = example({"name": "Over 50", "rules": EXAMPLE, "error": {"message": "Spend more than 50"}})

    name: Name


class RuleUpdateIn(RuleFields):
    """A change of a rule; what is not sent stays."""

    model_config = example({"error": {"message": "Spend more than 50"}})

    name: Name | None = None


class RuleErrorOut(BaseModel):
    message: str


class ApplicableListOut(BaseModel):
    included_all: bool
    included: list[Any]
    excluded: list[Any]


class RuleOut(BaseModel):
    """A set of conditions that a redemption has to meet."""

    id: str = Field(examples=["val_0f1e2d3c4b5a69788f"])
    name: str
    rules: dict[str, Any] = Field(examples=[EXAMPLE])
    bundle_rules: dict[str, Any]
    error: RuleErrorOut | None
    applicable_to: ApplicableListOut
    type: str
    context_type: str
    created_at: Timestamp
    updated_at: Timestamp | None
    assignments_count: int
    object: Literal["validation_rules"]


class RuleListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[RuleOut]
    total: int


class AssignmentIn(BodyIn):
    """What the rule is to bind: `related_object_type` and `related_object_id`, or one of the short forms."""

    model_config = example({"related_object_type": "voucher", "related_object_id": "SPRING-10"})

    related_object_type: Literal["voucher", "campaign"] | None = None
    related_object_id: Name | None = None
    voucher: Name | None = Field(None, description="A voucher's code or id.")
    campaign: Name | None = Field(None, description="A campaign's id or name.")

    def target(self) -> tuple[str, str]:
        """Return what is named, as its type and its reference; raise ApiError 400 when nothing or too much is."""
        pairs = [(kind, name) for kind, name in (("voucher", self.voucher), ("campaign", self.campaign)) if name]
        if self.related_object_type and self.related_object_id:
            pairs.append((self.related_object_type, self.related_object_id))
        if len(pairs) != 1:
            raise invalid_payload("Name one object: .related_object_type and .related_object_id, .voucher or .campaign")
        return pairs[0]


class AssignmentOut(BaseModel):
    id: str = Field(examples=["asgm_0f1e2d3c4b5a69788f"])
    rule_id: str
    related_object_id: str
    related_object_type: Literal["voucher", "campaign"]
    created_at: Timestamp
    object: Literal["validation_rules_assignment"]


class AssignmentListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["data"]
    data: list[AssignmentOut]
    total: int


class AssignmentQuery(ListQuery):
    related_object_id: Annotated[QueryText | None, Field(description="The id of a voucher or a campaign.")] = None
    rule: Annotated[QueryText | None, Field(description="A rule's id.")] = None


def rule_out(rule: ValidationRule) -> dict[str, Any]:
    """Return Voucherify's object; `rule` carries the annotation `assignments_count`."""
    return {
        "id": rule.public_id,
        "name": rule.name,
        "rules": rule.rules,
        "bundle_rules": {},
        "error": {"message": rule.error_message} if rule.error_message else None,
        "applicable_to": _applicable_out(rule.applicable_to or {}),
        "type": rule.type,
        "context_type": rule.context_type,
        "created_at": iso(rule.created_at),
        "updated_at": iso(rule.updated_at),
        "assignments_count": rule.assignments_count,
        "object": "validation_rules",
    }


def _applicable_out(kept: Mapping[str, Any]) -> dict[str, Any]:
    def listed(name: str) -> list[Any]:
        # Voucherify's strict clients want an effect in every entry.
        return [{"object": "product", "effect": "APPLY_TO_EVERY", **entry} for entry in kept.get(name) or []]

    return {
        "included_all": kept.get("included_all", True) is not False,
        "included": listed("included"),
        "excluded": listed("excluded"),
    }


def assignment_out(assignment: RuleAssignment) -> dict[str, Any]:
    """Return Voucherify's object; the assignment's rule has been fetched with it."""
    return {
        "id": assignment.public_id,
        "rule_id": assignment.rule.public_id,
        "related_object_id": assignment.related_object_id,
        "related_object_type": assignment.related_object_type,
        "created_at": iso(assignment.created_at),
        "object": "validation_rules_assignment",
    }


def assignment_list_out(assignments: Sequence[RuleAssignment], total: int | None = None) -> dict[str, Any]:
    """Return the list that stands in a voucher and in a campaign."""
    return {
        "object": "list",
        "data_ref": "data",
        "data": [assignment_out(assignment) for assignment in assignments],
        "total": len(assignments) if total is None else total,
    }
