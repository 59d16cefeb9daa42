"""Every setting, from the environment; runs with none set, refuses wrong ones with one clear line.

Three modes by the Paystack key: none (the sandbox stands in), `sk_test_…` (Paystack itself, test money)
and `sk_live_…`. The README lists the variables; a test compares the two.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from oluko.core.pool import check_open
from oluko.environment import env, env_int, env_url, ice_urls, kept_secret, mailer, origin

PROJECT = Path(__file__).resolve().parent.parent

# Where things are kept.
OLUKO_DATA = Path(env("OLUKO_DATA", str(PROJECT / "data"))).resolve()
try:
    OLUKO_DATA.mkdir(parents=True, exist_ok=True)
except OSError as problem:
    raise ImproperlyConfigured(f"OLUKO_DATA: cannot use {OLUKO_DATA}: {problem.strerror}.") from None

# Mode. An empty key is never a key: `env` has refused it.
OLUKO_PAYSTACK_SECRET_KEY = env("OLUKO_PAYSTACK_SECRET_KEY")
OLUKO_SANDBOX = not OLUKO_PAYSTACK_SECRET_KEY
OLUKO_LIVE = OLUKO_PAYSTACK_SECRET_KEY.startswith("sk_live_")
if not OLUKO_SANDBOX and not OLUKO_PAYSTACK_SECRET_KEY.startswith(("sk_test_", "sk_live_")):
    raise ImproperlyConfigured("OLUKO_PAYSTACK_SECRET_KEY must begin with sk_test_ or sk_live_.")

# The name of a file that holds a step of oluko/core/steps.py, where a process is to be killed: to rehearse crashes.
OLUKO_STOP_FILE = env("OLUKO_STOP_FILE")
if OLUKO_STOP_FILE and not OLUKO_SANDBOX:
    raise ImproperlyConfigured("OLUKO_STOP_FILE kills processes; unset it while OLUKO_PAYSTACK_SECRET_KEY is set.")

OLUKO_BASE_URL = env_url("OLUKO_BASE_URL", "http://127.0.0.1:8000")
if OLUKO_LIVE and not OLUKO_BASE_URL.startswith("https://"):
    raise ImproperlyConfigured("OLUKO_BASE_URL must be an https address when a live Paystack key is set.")
_base = urlsplit(OLUKO_BASE_URL)

SECRET_KEY = env("OLUKO_SECRET_KEY") or kept_secret(OLUKO_DATA / "secret-key")
if len(SECRET_KEY) < 32:
    raise ImproperlyConfigured("OLUKO_SECRET_KEY must have at least 32 characters.")
DEBUG = False

# Paystack.
OLUKO_SANDBOX_URL = env_url("OLUKO_SANDBOX_URL", f"http://127.0.0.1:{(_base.port or 8000) + 1}")
if OLUKO_SANDBOX:
    OLUKO_PAYSTACK_SECRET_KEY = f"sk_sandbox_{kept_secret(OLUKO_DATA / 'sandbox-key')}"
OLUKO_PAYSTACK_URL = env_url("OLUKO_PAYSTACK_URL", OLUKO_SANDBOX_URL if OLUKO_SANDBOX else "https://api.paystack.co")
OLUKO_PAYSTACK_DOMAIN = "live" if OLUKO_LIVE else "test"
OLUKO_PAYSTACK_CHECKOUT = origin(OLUKO_PAYSTACK_URL) if OLUKO_SANDBOX else "https://checkout.paystack.com"

# Zoom where the three are set, else the room on the join page. In sandbox mode the sandbox plays Zoom and takes them.
OLUKO_ZOOM_ACCOUNT_ID = env("OLUKO_ZOOM_ACCOUNT_ID")
OLUKO_ZOOM_CLIENT_ID = env("OLUKO_ZOOM_CLIENT_ID")
OLUKO_ZOOM_CLIENT_SECRET = env("OLUKO_ZOOM_CLIENT_SECRET")
OLUKO_ZOOM_WEBHOOK_SECRET = env("OLUKO_ZOOM_WEBHOOK_SECRET")
_zoom = (OLUKO_ZOOM_ACCOUNT_ID, OLUKO_ZOOM_CLIENT_ID, OLUKO_ZOOM_CLIENT_SECRET)
if any(_zoom) and not all(_zoom):
    raise ImproperlyConfigured("OLUKO_ZOOM_ACCOUNT_ID, _CLIENT_ID and _CLIENT_SECRET go together: set all or none.")
OLUKO_ZOOM_URL = env_url("OLUKO_ZOOM_URL", OLUKO_SANDBOX_URL if OLUKO_SANDBOX else "https://api.zoom.us")
OLUKO_ZOOM_STANDS_IN = OLUKO_SANDBOX and all(_zoom) and OLUKO_ZOOM_URL == OLUKO_SANDBOX_URL
OLUKO_ZOOM_OAUTH_URL = env_url(
    "OLUKO_ZOOM_OAUTH_URL", OLUKO_ZOOM_URL if OLUKO_ZOOM_URL != "https://api.zoom.us" else "https://zoom.us"
)
# Zoom's users who hold the meetings; each may make and change so many a day.
OLUKO_ZOOM_HOSTS = [host.strip() for host in env("OLUKO_ZOOM_HOSTS", "me").split(",")]
if not all(OLUKO_ZOOM_HOSTS) or len(set(OLUKO_ZOOM_HOSTS)) < len(OLUKO_ZOOM_HOSTS):
    raise ImproperlyConfigured("OLUKO_ZOOM_HOSTS must name Zoom users, each once, with commas between them.")
OLUKO_ZOOM_DAILY_LIMIT = env_int("OLUKO_ZOOM_DAILY_LIMIT", 100, 1, 100_000)
# The Meeting SDK shows the meeting on a page of ours; without its key and secret people open Zoom itself.
OLUKO_ZOOM_SDK_KEY = env("OLUKO_ZOOM_SDK_KEY")
OLUKO_ZOOM_SDK_SECRET = env("OLUKO_ZOOM_SDK_SECRET")
if bool(OLUKO_ZOOM_SDK_KEY) != bool(OLUKO_ZOOM_SDK_SECRET):
    raise ImproperlyConfigured("OLUKO_ZOOM_SDK_KEY and OLUKO_ZOOM_SDK_SECRET go together: set both or none.")
OLUKO_ZOOM_SDK_URL = env_url(
    "OLUKO_ZOOM_SDK_URL", f"{OLUKO_SANDBOX_URL}/zoom-sdk" if OLUKO_ZOOM_STANDS_IN else "https://source.zoom.us/3.13.2"
)

# Web push: the key by which push services know this site. Any 32 bytes are one (RFC 8292).
OLUKO_VAPID_PRIVATE_KEY = env("OLUKO_VAPID_PRIVATE_KEY") or kept_secret(OLUKO_DATA / "vapid-key", 32)
if not re.fullmatch(r"[A-Za-z0-9_-]{43}=?", OLUKO_VAPID_PRIVATE_KEY):
    raise ImproperlyConfigured("OLUKO_VAPID_PRIVATE_KEY must be a P-256 private key, 32 bytes in base64url.")

# The built-in room: by which servers two browsers behind different routers find each other; see docs/operating.md.
OLUKO_STUN_URLS = ice_urls(env("OLUKO_STUN_URLS"), "stun", "stuns")
OLUKO_TURN_URLS = ice_urls(env("OLUKO_TURN_URLS"), "turn", "turns")
OLUKO_TURN_SECRET = env("OLUKO_TURN_SECRET")
if bool(OLUKO_TURN_URLS) != bool(OLUKO_TURN_SECRET):
    raise ImproperlyConfigured("OLUKO_TURN_URLS and OLUKO_TURN_SECRET go together: set both or none.")
OLUKO_ICE_RELAY_ONLY = bool(env_int("OLUKO_ICE_RELAY_ONLY", 0, 0, 1))
if OLUKO_ICE_RELAY_ONLY and not OLUKO_TURN_URLS:
    raise ImproperlyConfigured("OLUKO_ICE_RELAY_ONLY=1 needs OLUKO_TURN_URLS.")

# Money and time.
OLUKO_CURRENCY = "NGN"
OLUKO_TUTOR_SHARE_BPS = env_int("OLUKO_TUTOR_SHARE_BPS", 7000, 0, 10_000)
# Set in whole major units, kept in minor ones.
OLUKO_PAYOUT_REVIEW_ABOVE = env_int("OLUKO_PAYOUT_REVIEW_ABOVE", 200_000, 0, 10_000_000_000) * 100
# Who sells, as receipts and statements say it.
OLUKO_BUSINESS_NAME = env("OLUKO_BUSINESS_NAME") or "Oluko"
OLUKO_BUSINESS_ADDRESS = env("OLUKO_BUSINESS_ADDRESS")
OLUKO_BUSINESS_TAX_ID = env("OLUKO_BUSINESS_TAX_ID")

ALLOWED_HOSTS = sorted({_base.hostname or "127.0.0.1", "127.0.0.1", "localhost", "[::1]"})
CSRF_TRUSTED_ORIGINS = [origin(OLUKO_BASE_URL)]
_https = _base.scheme == "https"

INSTALLED_APPS = [
    "oluko.core",
    "oluko.jobs",
    "oluko.accounts",
    "oluko.notifications",
    "oluko.courses",
    "oluko.calendars",
    "oluko.offerings",
    "oluko.ledger",
    "oluko.bookings",
    "oluko.conversations",
    "oluko.meetings",
    "oluko.payments",
    "oluko.payouts",
    "oluko.reconciliation",
    "oluko.dashboards",
    "oluko.operator",
    "oluko.api",
    "unfold.apps.BasicAppConfig",
    "oluko.core.apps.AdminSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_tasks_db",
]

MIDDLEWARE = [
    "oluko.core.middleware.request_id",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "oluko.core.middleware.content_policy",
    "oluko.core.middleware.body_limit",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "oluko.api.middleware.webhooks",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "oluko.accounts.middleware.time_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "oluko.notifications.marks.opened",
    "oluko.core.middleware.refusals",
]

ROOT_URLCONF = "oluko.urls"
WSGI_APPLICATION = "oluko.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "oluko.core.context.site",
                "oluko.notifications.context.bell",
            ],
        },
    }
]

# Databases: SQLite in the data folder, or PostgreSQL by DATABASE_URL.
try:
    _address = env("DATABASE_URL") or f"sqlite:///{OLUKO_DATA / 'oluko.sqlite3'}"
    _database: dict[str, Any] = dict(dj_database_url.parse(_address))
except ValueError:
    raise ImproperlyConfigured("DATABASE_URL is not a database address such as postgres://user@host/name.") from None
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN, so that no transaction fails half-way with "database is locked".
    # synchronous=FULL: a webhook that was acknowledged must survive a power cut.
    # wal_autocheckpoint: 16 MB in the log before it goes into the file, as one page is often written again meanwhile.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32000; "
        "PRAGMA wal_autocheckpoint=4000;",
    }
    # Each thread keeps its connection: opening the file for every request costs more than most requests do.
    _database["CONN_MAX_AGE"] = None
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "server_side_binding": True,
        "prepare_threshold": 3,
        # The system finds out within a minute that nobody is there any more, as after a power cut.
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        # A connection that the database dropped, as when it was restarted, is replaced before anybody meets it.
        "pool": {"min_size": 1, "max_size": 10, "timeout": 10, "check": check_open},
    }
else:
    raise ImproperlyConfigured("DATABASE_URL must name PostgreSQL or SQLite.")
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by all processes, so that rate limits count for the site and not for one worker.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

TASKS = {"default": {"BACKEND": "oluko.jobs.backend.Backend", "QUEUES": ["urgent", "outside"]}}

# People.
AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["oluko.accounts.recognition.Backend"]
SESSION_ENGINE = "oluko.accounts.recognition"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "oluko.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_FORMS = {"login": "oluko.accounts.forms.LoginForm", "signup": "oluko.accounts.forms.SignupForm"}
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _base.scheme
# The eleventh bad sign-in within five minutes is refused, per address and per person.
ACCOUNT_RATE_LIMITS = {"login_failed": "10/5m/ip,10/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# Nonces, nothing unsafe. After a form is posted the browser may be sent on to the checkout, so that origin
# belongs to form-action too. The admin and the join page have policies of their own (core/middleware.py).
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "frame-src": [CSP.NONE],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.SELF, OLUKO_PAYSTACK_CHECKOUT],
}

# A body is at most 256 KB, but where a view takes files (oluko/core/bodies.py).
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MEDIA_ROOT = OLUKO_DATA / "uploads"
# Photos alone are uploaded, to photos/; a view of ours serves them at /photos/.
MEDIA_URL = "/"
FORM_RENDERER = "oluko.core.forms.FormRenderer"

# The operator's pages (django-unfold), in the colours of the rest.
UNFOLD = {
    "SITE_TITLE": "Oluko",
    "SITE_HEADER": "Oluko",
    "SITE_SUBHEADER": "oluko.core.admin.zone_told",
    "SITE_ICON": "oluko.operator.menu.mark",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "oluko.operator.menu.mark"}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "9px",
    "COLORS": {
        "primary": {
            "50": "#f4f5fd",
            "100": "#e9ebfa",
            "200": "#cfd4f5",
            "300": "#aab2ec",
            "400": "#8791e0",
            "500": "#7d88e6",
            "600": "#2f3a8f",
            "700": "#282f7c",
            "800": "#232b70",
            "900": "#1c2359",
            "950": "#12163a",
        }
    },
    "STYLES": ["oluko.operator.menu.styles"],
    "DASHBOARD_CALLBACK": "oluko.operator.front.front_page",
    "SIDEBAR": {"show_search": True, "navigation": "oluko.operator.menu.navigation"},
}

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["oluko.formats"]
USE_I18N = True
LOCALE_PATHS = [PROJECT / "oluko" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
OLUKO_DEFAULT_TIME_ZONE = "Africa/Lagos"

STATIC_URL = "/static/"
STATIC_ROOT = OLUKO_DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "oluko.core.static.HashedStorage"},
}

# Mail: files in the data folder unless OLUKO_EMAIL_URL names a server or the console.
DEFAULT_FROM_EMAIL = env("OLUKO_EMAIL_FROM", f"Oluko <noreply@{_base.hostname}>")
MAILERS = {"default": mailer(env("OLUKO_EMAIL_URL", "file:"), OLUKO_DATA / "mail")}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request_id": {"()": "oluko.core.logs.RequestIdFilter"}},
    "formatters": {"line": {"()": "oluko.core.logs.LineFormatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]}},
    "root": {"handlers": ["console"], "level": env("OLUKO_LOG_LEVEL", "INFO").upper()},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django_tasks": {"level": "WARNING"},
        # A receipt's font is cut to its letters, with forty lines about it.
        "fontTools": {"level": "WARNING"},
        # It repeats, for every try, what the failed request or job says anyway.
        "psycopg.pool": {"level": "ERROR"},
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}
if LOGGING["root"]["level"] not in ("DEBUG", "INFO", "WARNING", "ERROR"):  # type: ignore[index]
    raise ImproperlyConfigured("OLUKO_LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
