"""Validation rules: creating, reading, changing, deleting; what they are assigned to is said in vouchers.api."""

from typing import Any

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns import actions
from campaigns.api.campaigns import source_of
from campaigns.models import ValidationRule
from campaigns.schemas.validation_rule import RuleIn, RuleListOut, RuleOut, RuleUpdateIn, rule_out
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.wire import ListQuery, errors, found

router = Router(tags=["Validation rules"])

ORDER = {"created_at": "created_at", "updated_at": "updated_at", "name": "name", "id": "public_id"}


def _rules() -> QuerySet[ValidationRule]:
    return ValidationRule.objects.annotate(assignments_count=Count("assignments"))


def _answer(request: HttpRequest, rule_id: str) -> dict[str, Any]:
    request.call.touch("validation_rule", rule_id)
    return rule_out(found(_rules().filter(public_id=rule_id), "validation_rules", rule_id))


@router.post(
    "/validation-rules",
    auth=KeyAuth("campaigns.add_validationrule"),
    response={200: RuleOut, **errors(400)},
    summary="Create a validation rule",
)
def create_validation_rule(request: HttpRequest, payload: RuleIn) -> dict[str, Any]:
    """Create a rule. Rules that could not be evaluated are refused here, naming what is wrong, not at the till."""
    columns = {"name": payload.name, **payload.columns()}
    rule = actions.create_rule(columns, source=source_of(request), now=timezone.now())
    return _answer(request, rule.public_id)


@router.get(
    "/validation-rules",
    auth=KeyAuth("campaigns.view_validationrule"),
    response={200: RuleListOut, **errors(400)},
    summary="List validation rules",
)
def list_validation_rules(request: HttpRequest, query: Query[ListQuery]) -> dict[str, Any]:
    """Return one page of validation rules, newest first."""
    return lists.answer(request, _rules(), data_ref="data", to_wire=rule_out, order=ORDER)


@router.get(
    "/validation-rules/{rule_id}",
    auth=KeyAuth("campaigns.view_validationrule"),
    response={200: RuleOut, **errors(404)},
    summary="Get a validation rule",
)
def get_validation_rule(request: HttpRequest, rule_id: str) -> dict[str, Any]:
    """Return the rule with this id."""
    return _answer(request, rule_id)


@router.put(
    "/validation-rules/{rule_id}",
    auth=KeyAuth("campaigns.change_validationrule"),
    response={200: RuleOut, **errors(400, 404)},
    summary="Update a validation rule",
)
def update_validation_rule(
    request: HttpRequest, rule_id: str, payload: RuleUpdateIn = RuleUpdateIn()
) -> dict[str, Any]:
    """Change what is sent and leave the rest; from now on redemptions are decided by the new rule."""
    rule = found(ValidationRule.objects.filter(public_id=rule_id), "validation_rules", rule_id)
    changes = payload.columns()
    if payload.name is not None:
        changes["name"] = payload.name
    actions.update_rule(rule, changes, source=source_of(request), now=timezone.now())
    return _answer(request, rule_id)


@router.delete(
    "/validation-rules/{rule_id}",
    auth=KeyAuth("campaigns.delete_validationrule"),
    response={204: None, **errors(404)},
    summary="Delete a validation rule",
)
def delete_validation_rule(request: HttpRequest, rule_id: str) -> Status[None]:
    """Delete the rule and its assignments: what it bound is free of it at once."""
    rule = found(ValidationRule.objects.filter(public_id=rule_id), "validation_rules", rule_id)
    request.call.touch("validation_rule", rule.public_id)
    actions.delete_rule(rule, source=source_of(request), now=timezone.now())
    return Status(204, None)
