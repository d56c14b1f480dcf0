"""Takes secrets out of what is about to be written to the log; works on text, knows no request."""

import json
import re
from functools import lru_cache
from typing import Any

from django.conf import settings

REDACTED = "[redacted]"


def _is_secret(key: str) -> bool:
    return _plain(key) in _plain_names(tuple(settings.CALL_LOG_REDACTED_KEYS))


def _plain(key: str) -> str:
    return key.lower().replace("-", "_")


@lru_cache(maxsize=8)
def _plain_names(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(_plain(name) for name in names)


def redact(value: Any) -> Any:
    """Return a copy of a JSON value in which what stands under a secret key is replaced, at any depth."""
    if isinstance(value, dict):
        return {key: REDACTED if _is_secret(key) and item else redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def redact_text(text: str) -> str:
    """Return `text` (JSON, a form, a query string or anything) with its secrets replaced."""
    try:
        value = json.loads(text)
        if isinstance(value, dict | list):
            return json.dumps(redact(value), ensure_ascii=False)
    except (ValueError, RecursionError):
        pass
    names = "|".join(re.escape(name).replace("_", "[-_]") for name in settings.CALL_LOG_REDACTED_KEYS)
    in_json = re.compile(rf"""(["'](?:{names})["']\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}}\]]+)""", re.IGNORECASE)
    in_form = re.compile(rf"""((?:^|[?&;\s])(?:{names})=)[^&;\s]*""", re.IGNORECASE)
    return in_form.sub(rf"\1{REDACTED}", in_json.sub(rf'\1"{REDACTED}"', text))
