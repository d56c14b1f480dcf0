"""Signing in, as allauth does it, with a plain word for when wrong passwords cannot be counted."""

from typing import Any

from allauth.account.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from redis.exceptions import RedisError


class SignInView(LoginView):
    """Lets nobody in while the cache is away: without it passwords could be guessed without an end."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except RedisError:
            answer: HttpResponse = render(request, "account/unavailable.html", status=503)
            answer["Retry-After"] = "30"
            return answer
