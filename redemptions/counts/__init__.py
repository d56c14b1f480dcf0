"""Attempts counted ahead by hour and day: made from the attempts in sets, exact at any moment, never waited for."""

from redemptions.counts.building import bring_up_to_date, differences, rebuild
from redemptions.counts.reading import Rollup

__all__ = ["Rollup", "bring_up_to_date", "differences", "rebuild"]
