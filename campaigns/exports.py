"""Which columns of a customer's profile can be exported; what the customer did stands above and is added there."""

from django.db.models import DateField, Func, QuerySet, TextField, Value

from campaigns.filters import CustomerFilter
from campaigns.models import Customer
from voucherify_admin.exports.exporter import Column, Exporter, JsonText, nothing


class _Day(Func):
    """A date as `1990-12-31`, whatever the database's own style."""

    template = "to_char(%(expressions)s, 'YYYY-MM-DD')"
    output_field = TextField()


_BIRTHDATE = Column("Birthdate", _Day("birthdate", output_field=DateField()))


class CustomerProfileExporter(Exporter):
    """Exports of the list of customers, and of Voucherify's `exported_object: customer`."""

    kind = "customer"
    label = "Customers"
    permission = "campaigns.view_customer"
    filterset_class = CustomerFilter
    columns = {
        "name": Column("Name", "name"),
        "source_id": Column("Source ID", "source_id"),
        "email": Column("E-mail", "email"),
        "phone": Column("Phone", "phone"),
        "description": Column("Description", "description"),
        "birthdate": _BIRTHDATE,
        "address_line_1": Column("Address line 1", JsonText("address", "line_1")),
        "address_line_2": Column("Address line 2", JsonText("address", "line_2")),
        "address_postal_code": Column("Postal code", JsonText("address", "postal_code")),
        "address_city": Column("City", JsonText("address", "city")),
        "address_state": Column("State", JsonText("address", "state")),
        "address_country": Column("Country", JsonText("address", "country")),
        "created_at": Column("Creation date", "created_at", "time"),
        "updated_at": Column("Last update", "updated_at", "time"),
        "id": Column("ID", "public_id"),
        # Voucherify's older name of the birthdate, and what nothing here has: for the API alone.
        "birthday": Column("Birthday", _BIRTHDATE.expression, is_offered=False),
        "loyalty_points": Column("Loyalty points", nothing(), is_offered=False),
        "loyalty_referred_customers": Column("Referred customers", Value("0"), is_offered=False),
        "metadata": Column("Metadata", "metadata", "json"),
    }
    default_fields = ("name", "source_id", "email", "phone", "created_at")
    wire_default_fields = ("name", "source_id")
    wire_order = {
        "id": "public_id",
        "name": "name",
        "email": "email",
        "source_id": "source_id",
        "created_at": "created_at",
        "updated_at": "updated_at",
    }
    wire_filters = {
        "id": ("public_id", "text"),
        "source_id": ("source_id", "text"),
        "name": ("name", "text"),
        "email": ("email", "text"),
        "phone": ("phone", "text"),
        "description": ("description", "text"),
        "created_at": ("created_at", "date"),
        "updated_at": ("updated_at", "date"),
        **{
            f"address.{part}": (f"address__{part}", "json")
            for part in ("city", "state", "line_1", "line_2", "country", "postal_code")
        },
    }

    def get_queryset(self) -> QuerySet:
        return Customer.objects.all()
