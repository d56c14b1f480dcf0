"""`manage.py create_accounts`: generous to an empty system, and without effect on any other."""

import json
from pathlib import Path

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command

from voucherify_admin.api.models import ApiKey

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:8000"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "credentials.json"


def create(file: Path, url: str = URL) -> None:
    call_command("create_accounts", file=file, url=url)


def test_an_empty_system_gets_one_account_per_role_and_a_working_key(file: Path):
    create(file)
    written = json.loads(file.read_text())
    for role, login in written["users"].items():
        user = authenticate(username=login["username"], password=login["password"])
        assert [group.name.lower() for group in user.groups.all()] == [role]
        assert user.is_superuser is False
    assert ApiKey.objects.authenticate(written["api"]["app_id"], written["api"]["app_token"]).role == "Administrator"
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_time_nothing_changes_but_the_address(file: Path):
    create(file)
    before = json.loads(file.read_text())
    create(file, "http://127.0.0.1:9000")
    assert json.loads(file.read_text()) == before | {"url": "http://127.0.0.1:9000"}
    assert get_user_model().objects.count() == 4
    assert ApiKey.objects.count() == 1


def test_an_account_that_was_deleted_stays_deleted(file: Path):
    create(file)
    get_user_model().objects.get(username="viewer").delete()
    create(file)
    assert not get_user_model().objects.filter(username="viewer").exists()


def test_accounts_without_the_file_keep_their_passwords_and_this_is_said(file: Path, capsys):
    create(file)
    password = json.loads(file.read_text())["users"]["user"]["password"]
    file.unlink()
    create(file)
    assert "passwords were left alone" in capsys.readouterr().out
    assert not file.exists()
    assert authenticate(username="user", password=password)


def test_a_run_killed_between_file_and_database_is_taken_up_with_the_same_passwords(file: Path):
    create(file)
    before = json.loads(file.read_text())
    get_user_model().objects.all().delete()
    ApiKey.objects.all().delete()
    create(file)
    after = json.loads(file.read_text())
    assert after["users"] == before["users"]
    assert ApiKey.objects.authenticate(after["api"]["app_id"], after["api"]["app_token"])
