"""Customers and the segments that they are in; knows nothing of what they redeem."""

from collections.abc import Iterable
from functools import partial, reduce
from operator import or_
from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from campaigns import segments
from voucherify_admin.ids import new_id


class CustomerQuerySet(models.QuerySet["Customer"]):
    def in_any(self, segments: "Iterable[Segment]") -> Self:
        """Narrow to the customers who are in one of these segments now."""
        return self.filter(reduce(or_, (segment.members_q() for segment in segments), models.Q(pk__in=[])))

    def by_reference(self, reference: str) -> Self:
        """Narrow to the customer whose id or `source_id` is `reference`."""
        return self.filter(models.Q(public_id=reference) | models.Q(source_id=reference))

    def called(self, *texts: str) -> Self:
        """Narrow to the customers whose id, `source_id`, e-mail or name is one of `texts`; the last two in any case."""
        lower = [text.lower() for text in texts]
        by_text = models.Q(email_lower__in=lower) | models.Q(name_lower__in=lower)
        matching = models.Q(public_id__in=texts) | models.Q(source_id__in=texts) | by_text
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
        permissions = [("erase_customer", "Can erase customers from everything that was recorded")]
        indexes = [
            models.Index(fields=["-created_at", "-id"], name="customer_newest"),
            models.Index(Lower("email"), name="customer_email"),
            models.Index(Lower("name"), name="customer_name"),
            GinIndex(fields=["metadata"], name="customer_metadata", opclasses=["jsonb_path_ops"]),
        ]

    def __str__(self) -> str:
        return self.name or self.source_id or self.public_id


def validate_filter(wire: object) -> None:
    """Raise ValidationError, naming the field, for a filter that could not be evaluated."""
    try:
        segments.members_q(wire)
    except segments.InvalidFilter as error:
        raise ValidationError(str(error)) from error


class SegmentQuerySet(models.QuerySet["Segment"]):
    def holding(self, customer: Customer) -> "list[Segment]":
        """Return those of the segments that the customer is in now; two queries, however many there are."""
        every = list(self)
        if not every:
            return []
        asked = {f"in_{place}": segment.members_case() for place, segment in enumerate(every)}
        row = Customer.objects.filter(pk=customer.pk).values(**asked).first() or {}
        return [segment for place, segment in enumerate(every) if row.get(f"in_{place}")]


class Segment(models.Model):
    """A named group of customers. In a static one they are listed; in the others is whoever meets the filter now."""

    class Type(models.TextChoices):
        STATIC = "static", "Static"
        AUTO_UPDATE = "auto-update", "By filter"
        PASSIVE = "passive", "By filter, without notices"

    public_id = models.CharField(max_length=40, unique=True, editable=False, default=partial(new_id, "seg_"))
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=20, choices=Type.choices, default=Type.STATIC)
    filter = models.JSONField(
        null=True,
        blank=True,
        validators=[validate_filter],
        help_text='Voucherify\'s filter, e.g. {"metadata.tier": {"conditions": {"$is": ["gold"]}}}',
    )
    customers = models.ManyToManyField(Customer, through="SegmentMembership", related_name="segments")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(null=True, editable=False)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.type == self.Type.STATIC and self.filter:
            raise ValidationError({"filter": "A static segment lists its customers and has no filter."})
        if self.type != self.Type.STATIC and not self.filter:
            raise ValidationError({"filter": "A segment of this type needs a filter."})

    def members_q(self) -> models.Q:
        """Return who is in it, as a condition on customers. A filter that cannot be read holds nobody."""
        if self.type == self.Type.STATIC:
            return models.Q(pk__in=SegmentMembership.objects.filter(segment=self.pk).values("customer"))
        try:
            return segments.members_q(self.filter)
        except segments.InvalidFilter:
            return models.Q(pk__in=[])

    def members_case(self) -> models.Case:
        """Return the same as a value, true or false, of a query for one customer."""
        if self.type == self.Type.STATIC:
            listed = SegmentMembership.objects.filter(segment=self.pk, customer=models.OuterRef("pk"))
            condition: models.Q = models.Q(models.Exists(listed))
        else:
            condition = self.members_q()
        return models.Case(
            models.When(condition, then=models.Value(True)), default=False, output_field=models.BooleanField()
        )


class SegmentMembership(models.Model):
    """That a customer is in a static segment."""

    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="memberships")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="memberships")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "customer"], name="once_in_a_segment")]

    def __str__(self) -> str:
        return f"{self.customer_id} in {self.segment_id}"
