"""`manage.py create_accounts`: one account per role and an API key for an empty system; never touches existing ones."""

import json
import secrets
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.db.models import Q

from voucherify_admin.api.models import ApiKey
from voucherify_admin.embedded.data_dir import write_private

ROLES = ("Administrator", "User", "Viewer", "Merchant")
KEY_NAME = "First key"


class Command(BaseCommand):
    help = (
        "Creates one account per role (administrator, user, viewer, merchant) with generated passwords and an API key, "
        "and writes them to a file that only its owner may read. Where accounts exist already, it changes none of them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, required=True, help="where the credentials are written, as JSON")
        parser.add_argument("--url", required=True, help="the address of the site, noted in that file")

    def handle(self, *, file: Path, url: str, **options: Any) -> None:
        written = json.loads(file.read_text()) if file.exists() else None
        # The demo's colleagues cannot sign in: they are names in a story, not people who have been here.
        names = [role.lower() for role in ROLES]
        if get_user_model().objects.filter(Q(is_active=True) | Q(username__in=names)).exists():
            self._keep(file, url=url, written=written)
            return
        # The file is written before the rows are committed: a run that is killed in between finds the passwords in
        # it and no account, and makes the accounts anew; never is there an account whose password nobody knows.
        with transaction.atomic():
            users = {role.lower(): _create_user(role, written=written) for role in ROLES}
            key, token = ApiKey.objects.issue(name=KEY_NAME, role="Administrator")
            api = {"app_id": str(key.app_id), "app_token": token}
            write_private(file, json.dumps({"url": url, "users": users, "api": api}, indent=2) + "\n")
        self.stdout.write(f"Created {len(users)} accounts and an API key; their secrets are in {file}")

    def _keep(self, file: Path, *, url: str, written: dict[str, Any] | None) -> None:
        if written is None:
            self.stdout.write(
                f"There are accounts already, but {file} is gone. Their passwords were left alone; set a new one "
                "with: manage.py changepassword administrator"
            )
        elif written["url"] != url:
            write_private(file, json.dumps({**written, "url": url}, indent=2) + "\n")


def _create_user(role: str, *, written: dict[str, Any] | None) -> dict[str, str]:
    """Makes the account of one role, with the password in the file where there is one; returns its credentials."""
    username = role.lower()
    password = written["users"][username]["password"] if written else secrets.token_urlsafe(12)
    is_administrator = role == "Administrator"
    user = get_user_model().objects.create_user(username=username, password=password, is_staff=is_administrator)
    user.groups.add(Group.objects.get(name=role))
    return {"username": username, "password": password}
