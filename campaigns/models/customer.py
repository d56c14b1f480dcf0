"""Customers and the segments that they are in; knows nothing of what they redeem."""

from functools import partial
from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from voucherify_admin.ids import new_id


class CustomerQuerySet(models.QuerySet["Customer"]):
    def by_reference(self, reference: str) -> Self:
        """Narrow to the customer whose id or `source_id` is `reference`."""
        return self.filter(models.Q(public_id=reference) | models.Q(source_id=reference))

    def called(self, text: str) -> Self:
        """Narrow to the customers whose id, `source_id`, e-mail or name is `text`; the last two in any case."""
        by_text = models.Q(email_lower=text.lower()) | models.Q(name_lower=text.lower())
        matching = models.Q(public_id=text) | models.Q(source_id=text) | by_text
        return self.alias(email_lower=Lower("email"), name_lower=Lower("name")).filter(matching)


class Customer(models.Model):
    """A buyer as the shop knows them: `source_id` is the shop's own id."""

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "cust_"))
    source_id = models.CharField(max_length=200, unique=True, null=True, blank=True)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    phone = models.CharField(max_length=50, blank=True)
    description = models.TextField(blank=True)
    birthdate = models.DateField(null=True, blank=True)
    address = models.JSONField(null=True, blank=True, help_text="city, state, line_1, line_2, country, postal_code")
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    objects = CustomerQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="customer_newest"),
            models.Index(Lower("email"), name="customer_email"),
            models.Index(Lower("name"), name="customer_name"),
            GinIndex(fields=["metadata"], name="customer_metadata", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or self.source_id or self.public_id


class Segment(models.Model):
    """A named group of customers. In a static one they are listed; a filter is kept for the kinds that have one."""

    class Type(models.TextChoices):
        STATIC = "static", "Static"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "seg_"))
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.STATIC)
    filter = models.JSONField(null=True, blank=True)
    customers = models.ManyToManyField(Customer, through="SegmentMembership", related_name="segments")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SegmentMembership(models.Model):
    """That a customer is in a static segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="once_in_a_segment")]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"
