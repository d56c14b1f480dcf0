"""Wire shapes of orders; decides nothing."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StrictInt

from campaigns.schemas.customer import CustomerIn
from redemptions.models import Order
from voucherify_admin.api.wire import BodyIn, Metadata, Name, Timestamp, example, iso

Whole = Annotated[StrictInt, Field(ge=0, le=10**12, description="Whole cents.")]


class OrderFields(BodyIn):
    model_config = example(
        {
            "source_id": "order-1042",
            "items": [{"product_id": "tea", "quantity": 2, "price": 2500}],
            "customer": {"source_id": "shop-1042"},
        }
    )

    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"] | None = None
    amount: Whole | None = Field(None, description="In cents; without it the sum of the items.")
    initial_amount: Whole | None = None
    discount_amount: Whole | None = None
    items: list[dict[str, Any]] | None = Field(None, max_length=500)
    metadata: Metadata | None = Field(None, description="Merged key by key.")
    customer: CustomerIn | None = Field(None, description="By `id` or `source_id`; an unknown source_id is created.")


class OrderIn(OrderFields):
    """An order to create, or to change when its `source_id` is known already."""

    source_id: Name | None = None


class CustomerRefOut(BaseModel):
    id: str
    object: Literal["customer"]


class OrderOut(BaseModel):
    """An order with its effects. Amounts are cents; levels without any discount are left out."""

    id: str = Field(examples=["ord_0f1e2d3c4b5a69788f"])
    source_id: str | None
    created_at: Timestamp
    updated_at: Timestamp | None
    status: Literal["CREATED", "PAID", "CANCELED", "FULFILLED"]
    amount: int | None = None
    initial_amount: int | None = None
    discount_amount: int | None = None
    items_discount_amount: int | None = None
    total_discount_amount: int | None = None
    total_amount: int | None = None
    applied_discount_amount: int | None = None
    items_applied_discount_amount: int | None = None
    total_applied_discount_amount: int | None = None
    items: list[dict[str, Any]] | None = None
    metadata: dict[str, Any]
    customer: CustomerRefOut | None
    customer_id: str | None
    referrer: None
    referrer_id: None
    object: Literal["order"]
    redemptions: dict[str, Any]


def order_out(order: Order) -> dict[str, Any]:
    """Return Voucherify's order object."""
    customer = order.customer
    amounts = {name: value for name, value in order.content.items() if name in OrderOut.model_fields}
    return {
        "id": order.public_id,
        "source_id": order.source_id,
        "created_at": iso(order.created_at),
        "updated_at": iso(order.updated_at),
        "status": order.status,
        **amounts,
        "metadata": order.metadata,
        "customer": {"id": customer.public_id, "object": "customer"} if customer else None,
        "customer_id": customer.public_id if customer else None,
        "referrer": None,
        "referrer_id": None,
        "object": "order",
        "redemptions": order.redemptions,
    }
