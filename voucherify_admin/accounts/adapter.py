"""How allauth behaves here: people are made by administrators, nobody signs up."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class StaffAccountAdapter(DefaultAccountAdapter):
    """Closes the registration; sign-in, sign-out and password change stay."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
