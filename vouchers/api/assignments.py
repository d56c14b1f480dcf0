"""Which rule binds which voucher or campaign."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status

from campaigns.actions import delete_assignment as take_away
from campaigns.api.campaigns import campaign_called, source_of
from campaigns.models import RuleAssignment, ValidationRule
from campaigns.schemas.validation_rule import (
    AssignmentIn,
    AssignmentListOut,
    AssignmentOut,
    AssignmentQuery,
    assignment_out,
)
from voucherify_admin.api import lists
from voucherify_admin.api.auth import KeyAuth
from voucherify_admin.api.errors import duplicate
from voucherify_admin.api.wire import ListQuery, errors, found
from vouchers import actions
from vouchers.api.vouchers import voucher_called

router = Router(tags=["Validation rules"])

ORDER = {"created_at": "created_at", "id": "public_id"}


def _rule(rule_id: str) -> ValidationRule:
    return found(ValidationRule.objects.filter(public_id=rule_id), "validation_rules", rule_id)


@router.post(
    "/validation-rules/{rule_id}/assignments",
    auth=KeyAuth("campaigns.add_ruleassignment"),
    response={200: AssignmentOut, **errors(400, 404, 409)},
    summary="Assign a validation rule",
)
def assign_rule(
    request: HttpRequest, rule_id: str, payload: AssignmentIn = AssignmentIn(), force: bool = False
) -> dict[str, Any]:
    """Bind a voucher or a campaign by the rule. `force=true` replaces an assignment that exists already."""
    rule = _rule(rule_id)
    request.call.touch("validation_rule", rule.public_id)
    kind, reference = payload.target()
    if kind == "voucher":
        voucher = voucher_called(reference)
        request.call.touch("voucher", voucher.code)
        object_id = voucher.public_id
    else:
        object_id = campaign_called(reference).public_id
        request.call.touch("campaign", object_id)
    try:
        assignment = actions.assign_rule(
            rule, kind, object_id, replace=force, source=source_of(request), now=timezone.now()
        )
    except actions.Taken as error:
        raise duplicate("validation_rules_assignment", object_id, by=f"{kind} id") from error
    return assignment_out(assignment)


@router.get(
    "/validation-rules/{rule_id}/assignments",
    auth=KeyAuth("campaigns.view_validationrule"),
    response={200: AssignmentListOut, **errors(400, 404)},
    summary="List what a rule is assigned to",
)
def list_assignments_of_rule(request: HttpRequest, rule_id: str, query: Query[ListQuery]) -> dict[str, Any]:
    """Return one page of the rule's assignments, newest first."""
    rows = _rule(rule_id).assignments.select_related("rule")
    return lists.answer(request, rows, data_ref="data", to_wire=assignment_out, order=ORDER)


@router.delete(
    "/validation-rules/{rule_id}/assignments/{assignment_id}",
    auth=KeyAuth("campaigns.delete_ruleassignment"),
    response={204: None, **errors(404)},
    summary="Take an assignment away",
)
def delete_assignment(request: HttpRequest, rule_id: str, assignment_id: str) -> Status[None]:
    """What the rule bound is free of it at once."""
    rule = _rule(rule_id)
    request.call.touch("validation_rule", rule.public_id)
    rows = rule.assignments.filter(public_id=assignment_id).select_related("rule")
    assignment = found(rows, "validation_rules_assignment", assignment_id)
    take_away(assignment, source=source_of(request), now=timezone.now())
    return Status(204, None)


@router.get(
    "/validation-rules-assignments",
    auth=KeyAuth("campaigns.view_validationrule"),
    response={200: AssignmentListOut, **errors(400)},
    summary="List assignments of all rules",
)
def list_assignments(request: HttpRequest, query: Query[AssignmentQuery]) -> dict[str, Any]:
    """Return one page of assignments, newest first; `related_object_id` and `rule` narrow them."""
    rows = RuleAssignment.objects.select_related("rule")
    if query.related_object_id:
        rows = rows.filter(related_object_id=query.related_object_id)
    if query.rule:
        rows = rows.filter(rule__public_id=query.rule)
    return lists.answer(request, rows, data_ref="data", to_wire=assignment_out, order=ORDER)
