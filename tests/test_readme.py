"""The README's tables say what the code does."""

import re
from pathlib import Path

import pytest

from redemptions.engine import CHECKS

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


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_the_commands_name_files_that_are_there(name):
    assert f"-r {name}" in README
    assert (ROOT / name).is_file()
