"""The README's tables say what the code does."""

import re
from pathlib import Path

import pytest

from campaigns.conditions import ALIASES, OPERATORS, REFUSED, REFUSED_OPERATORS, RULES
from campaigns.conditions.operators import KNOWN
from redemptions.engine import CHECKS
from voucherify_admin.api_urls import api, client_api
from voucherify_admin.webhooks.events import EVENTS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def table(name: str) -> list[list[str]]:
    """Return the cells of the table between `<!-- name:begin -->` and `<!-- name:end -->`, without its head."""
    text = README.split(f"<!-- {name}:begin -->")[1].split(f"<!-- {name}:end -->")[0]
    rows = [line for line in text.strip().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def test_the_reasons_stand_in_the_order_in_which_they_are_checked():
    told = [(row[1], row[2].strip("`"), int(row[3])) for row in table("reasons")]

    assert told == [(reason.label, reason.value, reason.http_status) for reason, _ in CHECKS]
    assert [row[0] for row in table("reasons") if row[0] != "+"] == [str(number) for number in range(1, 16)]
    assert [row[2] for row in table("reasons") if row[0] == "+"] == ["`voucher_not_active_now`"]


def test_every_setting_is_in_the_table_and_every_row_is_a_setting():
    source = (ROOT / "voucherify_admin" / "settings.py").read_text()
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', source))

    assert {row[0].strip("`") for row in table("settings")} == read


def test_every_rule_name_is_in_the_table_with_what_it_looks_at_and_needs():
    told = {re.search(r"`([^`]+)`", row[0])[1]: row[1:] for row in table("rules")}
    known = {
        name: [
            f"{rule.label} `property`" if rule.has_property else rule.label,
            "money" if rule.money else {"truth": "true"}.get(rule.values, rule.values),
            ", ".join(rule.required) or "—",
            f"`{rule.group}_rules_violated`",
        ]
        for name, rule in RULES.items()
    }

    assert told == known


def test_every_operator_is_in_the_table_and_what_is_refused_is_named():
    told = {operator: row[1] for row in table("operators") for operator in re.findall(r"`([^`]+)`", row[0])}
    kinds = ("number", "ids", "text", "moment")

    assert told == {each: ", ".join(kind for kind in kinds if each in KNOWN[kind]) for each in OPERATORS}
    assert KNOWN["any"] == set(OPERATORS)
    assert all(f"`{alias}`" in README for alias in ALIASES)
    refused = README.split("<!-- refused:begin -->")[1].split("<!-- refused:end -->")[0]
    assert set(re.findall(r"`([^`]+)`", refused)) == {*REFUSED, *REFUSED_OPERATORS}


def test_every_event_that_a_webhook_can_be_told_of_is_in_the_table():
    assert [(row[0].strip("`"), row[1]) for row in table("events")] == list(EVENTS)


def test_the_compatibility_page_names_every_endpoint_and_says_whether_it_is_there():
    rows = table("endpoints")
    told = {re.sub(r"\{\w+\}", "{}", row[0].strip("`")): row[1] for row in rows}
    routed = {
        re.sub(r"\{\w+\}", "{}", f"{method.upper()} {path}")
        for door in (api, client_api)
        for path, operations in door.get_openapi_schema()["paths"].items()
        for method in operations
    }

    assert len(told) == len(rows)
    assert set(told.values()) <= {"yes", "partly", "no"}
    assert {endpoint for endpoint, answer in told.items() if answer != "no"} == routed


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_commands_name_files_that_are_there(name):
    assert f"-r {name}" in README
    assert (ROOT / name).is_file()
