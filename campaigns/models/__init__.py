"""Models of the offer: campaigns, customers and their segments, validation rules."""

from campaigns.models.campaign import Campaign, WithinHours
from campaigns.models.customer import Customer, Segment, SegmentMembership
from campaigns.models.validation_rule import RuleAssignment, ValidationRule

__all__ = ["Campaign", "Customer", "RuleAssignment", "Segment", "SegmentMembership", "ValidationRule", "WithinHours"]
