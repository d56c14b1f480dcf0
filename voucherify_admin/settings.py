"""All settings of the site, read from the environment; the README has a table of them.

`manage.py up` sets DATABASE_URL, REDIS_URL, SECRET_KEY and DATA_DIR for the programs that it starts.
"""

import secrets
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environs import Env, validate

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent

# --- What the installation is -------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
DATA_DIR = Path(env.str("DATA_DIR", str(BASE_DIR / ".data"))).resolve()
# Without a key given, each process makes its own: fine for a look at a command's help, while `up` and every real
# installation give one, for sessions and download links are signed with it.
SECRET_KEY = env.str("SECRET_KEY", "") or secrets.token_urlsafe(50)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
BASE_URL = env.str("BASE_URL", "http://localhost:8000").rstrip("/")
HTTPS = env.bool("HTTPS", BASE_URL.startswith("https://"))
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [BASE_URL])
# How many reverse proxies stand in front; X-Forwarded-For is believed only as far as these wrote it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)

CURRENCY = env.str("CURRENCY", "EUR").upper()
TIME_ZONE = env.str("TIME_ZONE", "UTC")
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"

# --- Apps ---------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "voucherify_admin.adminsite.DashboardAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "csp",
    "django_filters",
    "django_tables2",
    "django_htmx",
    "ninja",
    "voucherify_admin",
    "voucherify_admin.accounts",
    "voucherify_admin.pages",
    "voucherify_admin.api",
    "voucherify_admin.notifications",
    "voucherify_admin.async_actions",
    "voucherify_admin.webhooks",
    "voucherify_admin.exports",
    "campaigns",
    "vouchers",
    "redemptions",
]

MIDDLEWARE = [
    "voucherify_admin.api.call_log.CallLogMiddleware",
    "voucherify_admin.api.origins.ClientOriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "voucherify_admin.accounts.middleware.TimeZoneMiddleware",
]

ROOT_URLCONF = "voucherify_admin.urls"
WSGI_APPLICATION = "voucherify_admin.wsgi.application"
# Paths of the API are read as they are sent; a trailing slash is part of Voucherify's own `POST /v1/vouchers/`.
APPEND_SLASH = True

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "voucherify_admin.pages.context.frame",
            ],
            "builtins": ["voucherify_admin.pages.templatetags.pages"],
        },
    },
]

# Which list can be exported: kind -> the class that knows its rows and columns.
EXPORTERS = {
    "redemption": "redemptions.exports.RedemptionExporter",
    "order": "redemptions.exports.OrderExporter",
    "voucher": "vouchers.exports.VoucherExporter",
    "voucher_transactions": "vouchers.exports.TransactionExporter",
    "publication": "vouchers.exports.PublicationExporter",
    "customer": "redemptions.exports.CustomerExporter",
    "api_log": "voucherify_admin.exports.calls.CallExporter",
}

# Where the search box looks: functions that are given what was typed and by whom.
SEARCHES = [
    "vouchers.search.find",
    "redemptions.search.find",
    "campaigns.search.find",
    "voucherify_admin.exports.search.find",
    "voucherify_admin.api.search.find",
]

# What a worker does for an answer of 202: type -> the class that does it in steps.
ASYNC_ACTIONS = {
    "VOUCHERS.IMPORT": "vouchers.jobs.ImportVouchers",
    "CAMPAIGN.VOUCHERS_IMPORT": "vouchers.jobs.ImportIntoCampaign",
    "VOUCHERS.BULK_UPDATE": "vouchers.jobs.UpdateMetadata",
    "CAMPAIGN.VOUCHERS_GENERATE": "vouchers.jobs.GenerateVouchers",
    "CAMPAIGN.DELETE": "redemptions.jobs.DeleteCampaign",
    "CUSTOMER.ERASE": "redemptions.jobs.SearchForTraces",
}

# What customers did, which segments may ask for: the function that turns such a condition into one on customers.
CUSTOMER_HISTORY = "redemptions.history.condition_q"

# What a webhook tells: the family of an event -> the function that turns its row into the event's data.
WEBHOOK_PAYLOADS = {
    "redemption": "redemptions.payloads.redemption_payload",
    "redemption.rollback": "redemptions.payloads.rollback_payload",
    "voucher": "vouchers.payloads.voucher_payload",
    "voucher.published": "vouchers.payloads.published_payload",
    "voucher.gift": "vouchers.payloads.transaction_payload",
    "customer": "campaigns.payloads.customer_payload",
    "customer.segment": "campaigns.payloads.segment_payload",
    "customer.publication": "vouchers.payloads.publication_payload",
    "customer.order": "redemptions.payloads.order_payload",
    "customer.redemption": "redemptions.payloads.customer_redemption_payload",
    "customer.redemption.rollback": "redemptions.payloads.customer_rollback_payload",
    "campaign": "campaigns.payloads.campaign_payload",
    "campaign.vouchers.generation": "vouchers.payloads.generation_payload",
    "business_validation_rule": "campaigns.payloads.rule_payload",
    "business_validation_rule.assignment": "campaigns.payloads.assignment_payload",
}

# --- Stores -------------------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", "postgres://postgres@localhost/postgres")
DATABASES = {"default": env.dj_db_url("DATABASE_URL", DATABASE_URL)}
if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: postgres://user:password@host/name")
DATABASES["default"]["OPTIONS"] = {
    **DATABASES["default"].get("OPTIONS", {}),
    "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", 8), "timeout": 20},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", "redis://localhost:6379/0")
_redis = urlsplit(REDIS_URL)
# Celery spells a socket `redis+socket://`, the redis client `unix://`; one setting serves both.
_cache_default = f"unix://{_redis.path}?db=2" if _redis.scheme == "redis+socket" else REDIS_URL
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": env.str("CACHE_URL", _cache_default),
        "KEY_PREFIX": "dashboard",
        # A cache that hangs must not hang the shop or the sign-in: what needs it goes on without after a second.
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task, or the broker hands a running task to a second worker.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 6 * 60 * 60, "socket_timeout": 30}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 5.0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TIMEZONE = TIME_ZONE

STORAGES = {
    "default": {
        "BACKEND": env.str("FILE_STORAGE", "django.core.files.storage.FileSystemStorage"),
        "OPTIONS": env.json("FILE_STORAGE_OPTIONS", {}),
    },
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if env.bool("STATIC_MANIFEST", not DEBUG)
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
MEDIA_ROOT = DATA_DIR / "files"
FILE_UPLOAD_PERMISSIONS = 0o600
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]

# --- People -------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "voucherify_admin.accounts.adapter.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/m/ip,10/5m/key"}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# --- Safety -------------------------------------------------------------------------------------------------------
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", HTTPS)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Calls that each key may make in a minute; 0: as many as it likes.
RATE_LIMIT_PER_MINUTE = env.int("RATE_LIMIT_PER_MINUTE", 0)
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", 2 * 1024 * 1024)

# --- The API log --------------------------------------------------------------------------------------------------
CALL_LOG_BODY_BYTES = env.int("CALL_LOG_BODY_BYTES", 64 * 1024)
CALL_LOG_RETENTION_DAYS = env.int("CALL_LOG_RETENTION_DAYS", 180)
CALL_LOG_REDACTED_KEYS = env.list(
    "CALL_LOG_REDACTED_KEYS",
    ["password", "token", "secret", "authorization", "api_key", "app_token", "access_token", "client_secret"],
)

# --- Exports ------------------------------------------------------------------------------------------------------
EXPORT_RETENTION_DAYS = env.int("EXPORT_RETENTION_DAYS", 30)
EXPORT_STALLED_SECONDS = env.int("EXPORT_STALLED_SECONDS", 60)

# --- Asynchronous actions -----------------------------------------------------------------------------------------
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", 20 * 1024 * 1024)
ASYNC_ACTION_STALLED_SECONDS = env.int("ASYNC_ACTION_STALLED_SECONDS", 60)

# --- Webhooks -----------------------------------------------------------------------------------------------------
# Whether deliveries may go to loopback and private networks, where a database or a cloud's metadata may listen.
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", False)
WEBHOOK_RETENTION_DAYS = env.int("WEBHOOK_RETENTION_DAYS", 30)

# --- Rules of the house -------------------------------------------------------------------------------------------
# 0: any age can be rolled back. Voucherify itself refuses after three months.
ROLLBACK_MAX_AGE_DAYS = env.int("ROLLBACK_MAX_AGE_DAYS", 0)
API_ROLLBACK_REASON_REQUIRED = env.bool("API_ROLLBACK_REASON_REQUIRED", False)
# Several codes on one order: PARTIAL redeems those that can be, ALL refuses the whole for one that cannot.
STACKING_MODE = env.str("STACKING_MODE", "PARTIAL", validate=validate.OneOf(["PARTIAL", "ALL"]))
# What a percentage is of when an earlier code of the stack took something off already.
STACKING_DISCOUNT_BASE = env.str(
    "STACKING_DISCOUNT_BASE", "DISCOUNTED_AMOUNT", validate=validate.OneOf(["DISCOUNTED_AMOUNT", "INITIAL_AMOUNT"])
)
# So long an answer is kept for callers that send its Idempotency-Key again.
IDEMPOTENCY_HOURS = env.int("IDEMPOTENCY_HOURS", 24)

MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
DJANGO_TABLES2_TEMPLATE = "pages/_table.html"
TEST_RUNNER = "django.test.runner.DiscoverRunner"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.log_level("LOG_LEVEL", "INFO")},
}
