"""Hours, days and recurring periods on the wire, of vouchers and campaigns alike; must not say what they mean."""

from typing import Any

from pydantic import BaseModel, Field, StrictInt, StrictStr

from campaigns.models import WithinHours
from campaigns.validity import InvalidValidity, parse_validity
from voucherify_admin.api.errors import invalid_payload
from voucherify_admin.api.wire import BodyIn

NAMES = ("validity_timeframe", "validity_day_of_week", "validity_hours")


class TimeframeIn(BodyIn):
    interval: StrictStr | None = Field(None, description="An ISO 8601 duration.", examples=["P2D"])
    duration: StrictStr | None = Field(None, description="An ISO 8601 duration.", examples=["PT1H"])


class DailyIn(BodyIn):
    start_time: StrictStr | None = Field(None, examples=["12:00"])
    expiration_time: StrictStr | None = Field(None, description="Up to 24:00.", examples=["14:00"])
    days_of_week: list[StrictInt] | None = Field(None, description="0 is Sunday; all when left out.")


class HoursIn(BodyIn):
    daily: list[DailyIn]


class ValidityFields(BodyIn):
    """When the codes can be used besides the dates, in the project's time zone."""

    validity_timeframe: TimeframeIn | None = Field(
        None, description="Open for `duration` every `interval`, counted from `start_date`."
    )
    validity_day_of_week: list[StrictInt] | None = Field(
        None, description="Days from 0 (Sunday) to 6 (Saturday).", examples=[[1, 2, 3, 4, 5]]
    )
    validity_hours: HoursIn | None = Field(None, description="Not together with the other two.")

    def validity_sent(self) -> dict[str, Any]:
        """Return the columns of what was sent, null ones too."""
        return {name: self.validity_kept()[name] for name in NAMES if name in self.model_fields_set}

    def validity_kept(self) -> dict[str, Any]:
        """Return all three columns as they are kept, what was not sent as None."""
        dumped = self.model_dump(include=set(NAMES), exclude_none=True)
        return {name: dumped.get(name) for name in NAMES}


class DailyOut(BaseModel):
    start_time: str | None = None
    expiration_time: str | None = None
    days_of_week: list[int] | None = None


class HoursOut(BaseModel):
    daily: list[DailyOut]


class TimeframeOut(BaseModel):
    interval: str
    duration: str


def check_validity(columns: dict[str, Any], *, starts: bool) -> None:
    """Raise ApiError 400, naming the property, unless the three columns can be kept; `starts`: with a start date."""
    try:
        parse_validity(*(columns.get(name) for name in NAMES), starts=starts)
    except InvalidValidity as error:
        raise invalid_payload(str(error)) from error


def validity_out(row: WithinHours) -> dict[str, Any]:
    """Return the three properties as they are kept, null where nothing limits."""
    return {name: getattr(row, name) for name in NAMES}
