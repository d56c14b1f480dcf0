"""The shape of the code: directions of imports, strict types of the pure modules, migrations, lock files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_down():
    run(str(Path(sys.executable).parent / "lint-imports"), "--no-cache")


def test_the_pure_modules_are_strictly_typed():
    run(sys.executable, "-m", "mypy")


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_file_has_hashes_and_no_address(name):
    text = (ROOT / name).read_text()

    assert not re.search(r"://|--index|--find-links|--extra-index", text)
    requirements = re.findall(r"^[a-z0-9][^\n]*==[^\n]*(?:\n {4}[^\n]*)*", text, re.MULTILINE | re.IGNORECASE)
    assert len(requirements) > 20
    assert all("--hash=sha256:" in requirement for requirement in requirements)


def test_the_lock_file_of_the_javascript_sdk_has_hashes_and_no_address():
    text = (ROOT / "tests" / "sdk" / "js" / "package-lock.json").read_text()

    assert "://" not in text
    assert '"resolved"' not in text
    packages = {name: row for name, row in json.loads(text)["packages"].items() if name}
    assert packages
    assert all(row["integrity"].startswith("sha512-") for row in packages.values())


def test_check_deploy_is_silent_with_the_documented_production_settings():
    settings = {
        "SECRET_KEY": "k3y-of-a-test-that-is-long-enough-and-has-many-different-characters-4711",
        "BASE_URL": "https://vouchers.example.com",
        "ALLOWED_HOSTS": "vouchers.example.com",
        "TRUSTED_PROXIES": "1",
        "DATABASE_URL": "postgres://app:secret@db.example.com/vouchers",
        "REDIS_URL": "redis://redis.example.com:6379/0",
        "DJANGO_SETTINGS_MODULE": "voucherify_admin.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env=settings,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
