"""Customers on the wire."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictStr

from campaigns.models import Customer
from voucherify_admin.api.wire import BodyIn, Day, ListQuery, Long, Metadata, Name, QueryText, Timestamp, example, iso


class AddressIn(BodyIn):
    city: Annotated[StrictStr, Field(max_length=200)] | None = None
    state: Annotated[StrictStr, Field(max_length=200)] | None = None
    line_1: Annotated[StrictStr, Field(max_length=500)] | None = None
    line_2: Annotated[StrictStr, Field(max_length=500)] | None = None
    country: Annotated[StrictStr, Field(max_length=200)] | None = None
    postal_code: Annotated[StrictStr, Field(max_length=50)] | None = None


class CustomerFields(BodyIn):
    model_config = example({"source_id": "shop-1042", "name": "Ewa Kowalska", "email": "ewa@example.com"})

    source_id: Name | None = Field(None, description="Your own id of the customer.", examples=["shop-1042"])
    name: Annotated[StrictStr, Field(max_length=200)] | None = None
    email: Annotated[StrictStr, Field(max_length=254)] | None = None
    phone: Annotated[StrictStr, Field(max_length=50)] | None = None
    description: Long | None = None
    birthdate: Day | None = None
    address: AddressIn | None = None
    metadata: Metadata | None = None

    def values(self) -> dict[str, Any]:
        """Return what was sent, as `campaigns.actions.upsert_customer` takes it."""
        values = {name: getattr(self, name) for name in type(self).model_fields if getattr(self, name) is not None}
        if self.address is not None:
            values["address"] = self.address.model_dump()
        return values


class CustomerIn(CustomerFields):
    """A customer to create, or to update when `id` or `source_id` is known already."""

    id: Name | None = Field(None, description="The id of an existing customer.")


class AddressOut(BaseModel):
    city: str | None
    state: str | None
    line_1: str | None
    line_2: str | None
    country: str | None
    postal_code: str | None


class CustomerGiftSummaryOut(BaseModel):
    redeemed_amount: int
    amount_to_go: int = Field(description="Left on the gift cards that the customer holds.")


class CustomerLoyaltySummaryOut(BaseModel):
    redeemed_points: Literal[0]
    points_to_go: Literal[0]


class CustomerRedemptionSummaryOut(BaseModel):
    """Numbers of codes; several codes on one order are several."""

    total_redeemed: int
    total_failed: int
    total_succeeded: int = Field(description="Those that were rolled back later among them.")
    total_rolled_back: int
    total_rollback_failed: int
    total_rollback_succeeded: int
    gift: CustomerGiftSummaryOut
    loyalty_card: CustomerLoyaltySummaryOut


class CustomerOrderSummaryOut(BaseModel):
    """Of the orders that are paid or fulfilled; amounts are cents, after discounts."""

    total_amount: int
    total_count: int
    average_amount: int
    last_order_amount: int
    last_order_date: Timestamp | None


class CustomerSummaryOut(BaseModel):
    """What the customer did."""

    redemptions: CustomerRedemptionSummaryOut
    orders: CustomerOrderSummaryOut


class CustomerOut(BaseModel):
    """A customer. What is not known is left out, but for `source_id` and `address`, which are null then."""

    id: str = Field(examples=["cust_0f1e2d3c4b5a69788f"])
    source_id: str | None
    name: str | None = None
    description: str | None = None
    email: str | None = None
    phone: str | None = None
    birthdate: str | None = Field(None, json_schema_extra={"format": "date"})
    address: AddressOut | None
    summary: CustomerSummaryOut | None = Field(
        None, description="Left out where a customer stands within another object."
    )
    metadata: dict[str, Any] = {}
    created_at: Timestamp
    updated_at: Timestamp | None = None
    object: Literal["customer"]


class CustomerListOut(BaseModel):
    object: Literal["list"]
    data_ref: Literal["customers"]
    customers: list[CustomerOut]
    total: int
    has_more: bool | None = Field(None, description="Only with `starting_after`: whether there are more.")


class CustomerQuery(ListQuery):
    email: QueryText | None = None
    name: QueryText | None = None
    city: QueryText | None = None
    segment_id: QueryText | None = None
    starting_after: Annotated[
        QueryText | None,
        Field(
            description="A date-time: the customers created before it (with `order=created_at` after it), in their "
            "order. For going through all customers, however many: pass the last one's `created_at` on."
        ),
    ] = None
    created_before: Annotated[QueryText | None, Field(alias="created_at[before]")] = None
    created_after: Annotated[QueryText | None, Field(alias="created_at[after]")] = None
    updated_before: Annotated[QueryText | None, Field(alias="updated_at[before]")] = None
    updated_after: Annotated[QueryText | None, Field(alias="updated_at[after]")] = None


def customer_out(customer: Customer) -> dict[str, Any]:
    """Return Voucherify's customer object. Voucherify, too, leaves out what a customer does not have."""
    optional = {
        "name": customer.name,
        "description": customer.description,
        "email": customer.email,
        "phone": customer.phone,
        "birthdate": customer.birthdate and customer.birthdate.isoformat(),
        "metadata": customer.metadata,
        "updated_at": iso(customer.updated_at),
    }
    address = customer.address if isinstance(customer.address, dict) else None
    return {
        "id": customer.public_id,
        "source_id": customer.source_id,
        "address": {name: _text(address.get(name)) for name in AddressOut.model_fields} if address else None,
        **{name: value for name, value in optional.items() if value},
        "created_at": iso(customer.created_at),
        "object": "customer",
    }


def _text(value: Any) -> str | None:
    # An address may have come with a redemption, where nothing asked for texts.
    return None if value is None else str(value)
