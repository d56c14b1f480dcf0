"""Who acts in the story beside the customers: the keys of the chain's systems and the colleagues at the care desk."""

import random
from datetime import timedelta
from uuid import UUID

from django.contrib.auth.models import Group

from voucherify_admin.accounts.models import User
from voucherify_admin.api.models import ApiKey
from voucherify_admin.demo.assortment import COLLEAGUES, OFFICE, PLACES, WIDGET
from voucherify_admin.demo.draw import Calendar, id_at


def issue_keys(calendar: Calendar, rng: random.Random) -> dict[str, ApiKey]:
    """Issue a key for each system of the chain. Nobody learns the secrets, so nothing can call in their name."""
    keys = {}
    for place in (*PLACES, WIDGET, OFFICE):
        if place.kind == "desk":
            continue
        key, _ = ApiKey.objects.issue(name=place.name, role=place.role)
        # The public half of the pair stands on every attempt: the same seed gives the same one.
        key.app_id = UUID(int=rng.getrandbits(128), version=4)
        key.created_at = calendar.start - timedelta(days=rng.uniform(30, 400))
        key.save(update_fields=["app_id", "created_at"])
        keys[place.name] = key
    return keys


def hire_colleagues(calendar: Calendar, rng: random.Random) -> list[User]:
    """Create the people of the care desk, who cannot sign in: no password, not active."""
    users = []
    for username, given, family, role, zone in COLLEAGUES:
        joined = calendar.start - timedelta(days=rng.uniform(100, 900))
        user = User(
            public_id=id_at("user_", joined, rng),
            username=username,
            first_name=given,
            last_name=family,
            email=f"{username}@example.com",
            time_zone=zone,
            is_active=False,
            date_joined=joined,
        )
        user.set_unusable_password()
        user.save()
        user.groups.add(Group.objects.get(name=role))
        users.append(user)
    return users
