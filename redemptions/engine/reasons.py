"""Pure: the reasons why an attempt can fail, in the order in which they are checked; says nothing of when one holds."""

from enum import StrEnum


class Reason(StrEnum):
    """Why an attempt failed: Voucherify's key, the dashboard's words, the message on the wire, the HTTP status."""

    label: str
    message: str
    http_status: int

    def __new__(cls, key: str, label: str = "", message: str = "", http_status: int = 400) -> "Reason":
        member = str.__new__(cls, key)
        member._value_ = key
        member.label = label
        member.message = message
        member.http_status = http_status
        return member

    INVALID_PAYLOAD = "invalid_payload", "Invalid input data", "Invalid payload"
    NOT_FOUND = "not_found", "Voucher did not exist", "Resource not found", 404
    VOUCHER_DISABLED = "voucher_disabled", "Voucher disabled", "voucher is disabled"
    VOUCHER_NOT_ACTIVE = "voucher_not_active", "Voucher not active yet", "voucher not active yet"
    VOUCHER_EXPIRED = "voucher_expired", "Voucher expired", "voucher expired"
    # Not among Voucherify's fifteen documented reasons: hours, days and recurring periods.
    VOUCHER_NOT_ACTIVE_NOW = "voucher_not_active_now", "Voucher not active at this time", "voucher not active now"
    QUANTITY_EXCEEDED = "quantity_exceeded", "Redemption quantity exceeded", "quantity exceeded"
    INVALID_ORDER = "invalid_order", "Order specified incorrectly", "Invalid order"
    INVALID_AMOUNT = "invalid_amount", "Order amount specified incorrectly", "Invalid Amount"
    MISSING_AMOUNT = "missing_amount", "Order amount not specified", "Missing amount"
    MISSING_ORDER_ITEMS = "missing_order_items", "Order items not specified", "Missing order items"
    MISSING_CUSTOMER = "missing_customer", "Customer not specified", "Missing customer"
    CUSTOMER_RULES_VIOLATED = (
        "customer_rules_violated",
        "Customer did not match the segment",
        "customer does not match validation rules",
    )
    ORDER_RULES_VIOLATED = (
        "order_rules_violated",
        "Order did not match the validation rules",
        "order does not match validation rules",
    )
    REDEMPTION_RULES_VIOLATED = (
        "redemption_rules_violated",
        "Redemption conditions not met",
        "redemption does not match validation rules",
    )
    GIFT_AMOUNT_EXCEEDED = "gift_amount_exceeded", "Gift amount exceeded", "gift amount exceeded"
