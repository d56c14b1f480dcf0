"""Validation rules and what they are assigned to; what a rule means is said by campaigns.conditions."""

from functools import partial
from typing import Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from campaigns import conditions
from voucherify_admin.ids import new_id


def validate_rules(rules: object) -> None:
    """Raise ValidationError, naming the clause, for rules that could not be evaluated at the till."""
    try:
        conditions.parse_rules(rules)
    except conditions.InvalidRule as error:
        raise ValidationError(str(error)) from error


def validate_applicable_to(wire: object) -> None:
    """Raise ValidationError, naming the entry, for products that a discount could not be held to."""
    try:
        conditions.parse_applicable_to(wire)
    except conditions.InvalidRule as error:
        raise ValidationError(str(error)) from error


class ValidationRule(models.Model):
    """A set of conditions in Voucherify's form that a redemption has to meet."""

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "val_"))
    name = models.CharField(max_length=200)
    rules = models.JSONField(default=dict, blank=True, validators=[validate_rules])
    error_message = models.TextField(blank=True, help_text="Told to the customer when no clause has its own text.")
    applicable_to = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_applicable_to],
        help_text='Which products the discount applies to, e.g. {"included": [{"object": "product", "id": "tea"}]}',
    )
    type = models.CharField(max_length=30, default="expression")
    context_type = models.CharField(max_length=100, default="global")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["-created_at", "-id"], name="rule_newest")]

    def __str__(self) -> str:
        return self.name


class RuleAssignmentQuerySet(models.QuerySet["RuleAssignment"]):
    def binding(self, *, vouchers: list[str], campaigns: list[str]) -> Self:
        """Narrow to the assignments of these vouchers and campaigns, given by their public ids."""
        return self.filter(
            models.Q(related_object_type="voucher", related_object_id__in=vouchers)
            | models.Q(related_object_type="campaign", related_object_id__in=campaigns)
        )


class RuleAssignment(models.Model):
    """That a rule binds a voucher or a campaign, which is named by its public id."""

    class ObjectType(models.TextChoices):
        VOUCHER = "voucher", "Voucher"
        CAMPAIGN = "campaign", "Campaign"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "asgm_"))
    rule = models.ForeignKey(ValidationRule, on_delete=models.CASCADE, related_name="assignments")
    related_object_type = models.CharField(max_length=20, choices=ObjectType.choices)
    related_object_id = models.CharField(max_length=40)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = RuleAssignmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["related_object_type", "related_object_id", "rule"], name="rule_assigned_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} binds {self.related_object_id}"
