"""All settings, all from the environment (`.env.example` lists them). Decides nothing about doors."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

import environ
from csp.constants import NONCE, NONE, SELF
from django_guid.integrations import CeleryIntegration

from config import environment
from config.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("CORE_STATE_DIR", BASE_DIR / ".state"))
environ.Env.read_env(BASE_DIR / ".env") if (BASE_DIR / ".env").exists() else None

DEBUG = environment.is_debug(os.environ)
env = Environment(os.environ, DEBUG)

if not os.environ.get("SECRET_KEY"):
    raise environment.wrong("SECRET_KEY", "is missing")
SECRET_KEY = os.environ["SECRET_KEY"]
PORT = env.whole("PORT", "8000", low=1, high=65535)
ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1],testserver")
SITE_URL = env.url("SITE_URL", f"http://localhost:{PORT}", "http", "https").rstrip("/")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS", SITE_URL)
DATABASES = {"default": environment.database(env, f"sqlite:///{quote(str(STATE_DIR))}/core.sqlite3")}
FIELD_ENCRYPTION_KEYS = environment.encryption_keys(env, "ZGVidWctb25seS1rZXktZm9yLWRldmVsb3BtZW50ISE=")
KISI_API_URL = environment.kisi_url(env)
KISI_CALLS_PER_SECOND = env.number("KISI_CALLS_PER_SECOND", "4", low=0.1, high=1000 if DEBUG else 5)
vars().update(environment.email(env, "consolemail://"))
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "core@localhost")
KISI_CONTACT = DEFAULT_FROM_EMAIL

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_celery_beat",
    "django_guid",
    "django_htmx",
    "members.apps.MembersConfig",
    "plans.apps.PlansConfig",
    "integrations.apps.IntegrationsConfig",
    "integrations.kisi.apps.KisiConfig",
]
MIDDLEWARE = [
    "django_guid.middleware.guid_middleware",
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
    "members.gyms.GymMiddleware",
    "members.views.pages.only_pressed",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["members.templatetags.forms"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "members.gyms.page_context",
            ],
        },
    },
]
FORM_RENDERER = "members.forms.CoreRenderer"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

# Sign-in
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_ADAPTER = "members.sign_in.ClosedSignup"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_FORMS = {
    "login": "members.sign_in.LoginForm",
    "reset_password": "members.sign_in.ResetPasswordForm",
    "reset_password_from_key": "members.sign_in.ResetPasswordKeyForm",
    "change_password": "members.sign_in.ChangePasswordForm",
    "reauthenticate": "members.sign_in.ReauthenticateForm",
}
MFA_ADAPTER = "integrations.two_steps.SealedTwoSteps"
MFA_FORMS = {
    "authenticate": "members.sign_in.CodeForm",
    "reauthenticate": "members.sign_in.CodeAgainForm",
    "activate_totp": "members.sign_in.SetUpForm",
    "deactivate_totp": "members.sign_in.SwitchOffForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
ADMINS_NEED_MFA = not DEBUG
SESSION_COOKIE_AGE = 12 * 60 * 60

# What the browser may do
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
if not DEBUG:
    SECURE_SSL_REDIRECT = SITE_URL.startswith("https://")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

# The queue: messages only say "look again"; what is owed is computed (README, flow).
# A dead or silent broker may cost the publishing side half a second, never a minute; a worker whose
# connection was dropped without a word (a failover, a firewall) notices and connects again.
_HALF_A_SECOND = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
_NO_RETRY = {"max_retries": 0, "interval_start": 0, "interval_step": 0, "interval_max": 0}
_NOTICE_SILENCE = {"socket_timeout": 5, "socket_connect_timeout": 5, "health_check_interval": 5}
IS_WORKER = os.environ.get("CORE_ROLE") == "worker"
CELERY_BROKER_URL = env.url(
    "CELERY_BROKER_URL", "redis://localhost:6379/0", "redis", "rediss", "redis+socket", "filesystem"
)
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    **(_NOTICE_SILENCE if IS_WORKER else _HALF_A_SECOND | _NO_RETRY),
}
if CELERY_BROKER_URL.startswith("filesystem:"):
    CELERY_BROKER_TRANSPORT_OPTIONS = environment.queue_folders(STATE_DIR)
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_PUBLISH_RETRY_POLICY = _NO_RETRY | {"retry_errors": None}
CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 0.5
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "core"
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # kB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
# A slice of work needs no broker: it goes on when that is lost, and its message, which comes again, finds the
# lease taken or nothing owed. Ending it would leave the call that is under way without its answer.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
DJANGO_CELERY_BEAT_TZ_AWARE = True

# One id goes with a request, the messages it publishes, the run they cause and every line of their logs.
DJANGO_GUID = {"EXPOSE_HEADER": False, "INTEGRATIONS": [CeleryIntegration()]}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"trace": {"()": "django_guid.log_filters.CorrelationId"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(correlation_id)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["trace"]}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django_guid": {"level": "WARNING"}},
}
