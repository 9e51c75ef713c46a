"""The one settings file. What differs between places comes from the environment, described where it is read."""

import contextlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django_prose_editor.config import html_tags
from js_asset import static_lazy

from config import env
from server.logs import once_per_outage, without_traceback
from server.starting import THREADS

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag(
    "DEBUG",
    default=False,
    description="Development mode: detailed error pages, demonstration accounts, secrets with defaults. "
    "Never on in public.",
)

# -- Secrets and hosts -------------------------------------------------------------------------------------------------

DEVELOPMENT_SECRET_KEY = "development-only-secret-key-that-production-refuses"  # noqa: S105  (production refuses it)
DEVELOPMENT_SIGNING_KEY = "development-only-signing-key-that-production-refuses"

SECRET_KEY = env.text(
    "SECRET_KEY",
    default=DEVELOPMENT_SECRET_KEY if DEBUG else "",
    shown_default="a fixed key in development",
    required="in production, at least 50 characters",
    description="Signs sessions, messages and password-reset links. Make one with `openssl rand -base64 48`.",
)
CONSENT_SIGNING_KEY = env.text(
    "CONSENT_SIGNING_KEY",
    default=DEVELOPMENT_SIGNING_KEY if DEBUG else "",
    shown_default="a fixed key in development",
    required="in production, at least 32 characters",
    description=(
        "Key of the HMAC of every consent record. It is kept outside the database, so that somebody who can write to "
        "the database cannot forge a record. Make one with `openssl rand -base64 48`, and never lose it."
    ),
)
CONSENT_SIGNING_KEYS_OLD = env.words(
    "CONSENT_SIGNING_KEYS_OLD",
    default=(),
    description="Earlier values of CONSENT_SIGNING_KEY, separated by commas, the newest first. They verify what they "
    "signed, but sign nothing new (docs/howto/consent-ledger.md).",
)
SITE_URL = env.text(
    "SITE_URL",
    default="http://127.0.0.1:8000",
    description="Public address of the site, scheme included and without a trailing slash. `https` switches on HSTS, "
    "the redirect to HTTPS, and `Secure` session cookies.",
).rstrip("/")
ADMIN_HOST = env.text(
    "ADMIN_HOST",
    default="",
    description="The admin's own host, such as `admin.glossary.example.org`: the admin answers only there, so that "
    "scripts of public pages do not run on its origin. Set it in production (docs/howto/deploy.md). If "
    "it is empty, the admin is at `/admin/` of every host.",
).lower()
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    default=("127.0.0.1", "localhost", "[::1]") if DEBUG else (),
    shown_default="the loopback names in development",
    required="in production",
    description="Host names that the site answers to. A wildcard for everything (`*`) is refused.",
)

_problems = []
if not DEBUG:
    if SECRET_KEY in ("", DEVELOPMENT_SECRET_KEY) or len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5:
        _problems.append("SECRET_KEY is missing, a default, or shorter than 50 characters.")
    if CONSENT_SIGNING_KEY in ("", DEVELOPMENT_SIGNING_KEY) or len(CONSENT_SIGNING_KEY) < 32:
        _problems.append("CONSENT_SIGNING_KEY is missing, a default, or shorter than 32 characters.")
    if not ALLOWED_HOSTS:
        _problems.append("ALLOWED_HOSTS is empty: name the hosts that the site answers to.")
if "*" in ALLOWED_HOSTS:
    _problems.append(
        "ALLOWED_HOSTS contains '*', which would let anybody choose the host in links and emails. Name the hosts "
        "instead."
    )
_site = urlsplit(SITE_URL)
if _site.scheme not in ("http", "https") or not _site.netloc or _site.path:
    _problems.append(f"SITE_URL={SITE_URL!r} must look like https://glossary.example.org, with nothing after the host.")
if any(len(key) < 32 for key in CONSENT_SIGNING_KEYS_OLD) or CONSENT_SIGNING_KEY in CONSENT_SIGNING_KEYS_OLD:
    _problems.append("CONSENT_SIGNING_KEYS_OLD holds a key shorter than 32 characters, or the current one.")
if ADMIN_HOST and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?", ADMIN_HOST):
    _problems.append(f"ADMIN_HOST={ADMIN_HOST!r} must be a host name such as admin.glossary.example.org.")
_admin_name = ADMIN_HOST.partition(":")[0]
if ADMIN_HOST and _admin_name == _site.hostname:
    _problems.append(
        "ADMIN_HOST is the host of SITE_URL. It needs a name of its own: cookies do not distinguish ports."
    )
env.refuse_to_start(_problems)

SERVED_OVER_HTTPS = _site.scheme == "https"
if ADMIN_HOST and _admin_name not in ALLOWED_HOSTS:
    ALLOWED_HOSTS.append(_admin_name)

# -- Data --------------------------------------------------------------------------------------------------------------

DATA_DIR = Path(
    env.text(
        "DATA_DIR",
        default=str(BASE_DIR / "var"),
        shown_default="`var/` in the project",
        description="Folder for everything that is not in the database: SQLite file, finished pages, collected "
        "static files.",
    )
).resolve()
# For its owner alone. One that exists keeps its permissions: nginx may be let through to the pages.
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# Where the glossary keeps the pictures that it draws.
GLOSSARY_CARDS = DATA_DIR / "cards"

DATABASE_URL = env.text(
    "DATABASE_URL",
    default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}",
    shown_default="SQLite in DATA_DIR",
    description="Database, as a URL: `postgres://user:password@host:5432/name` in production, `sqlite:///path` to "
    "embed it.",
)
try:
    _database = dj_database_url.parse(DATABASE_URL, conn_max_age=600, conn_health_checks=True)
except (ValueError, dj_database_url.ParseError, dj_database_url.UnknownSchemeError) as error:
    # The value itself may hold a password, so it isn't shown.
    raise ImproperlyConfigured(
        "DATABASE_URL cannot be read: write postgres://user:password@host:5432/name or sqlite:///path."
    ) from error
if _database["ENGINE"] == "django.db.backends.sqlite3":
    # SQLite would make the file readable by everybody. The files that it makes beside have the permissions of this one.
    if (_file := Path(_database["NAME"])).parent == DATA_DIR and not _file.exists():
        with contextlib.suppress(OSError):  # where nothing can be written, SQLite says so when it is asked
            _file.touch(mode=0o600)
    _database["OPTIONS"] = {
        # A transaction takes the write lock when it begins: two writers queue up instead of one failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # WAL lets readers go on while somebody writes. FULL makes each commit durable before it is acknowledged,
        # which a consent record needs (design: a choice is committed before it is answered).
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
elif _database["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL names a database that is not supported: use PostgreSQL or SQLite.")
DATABASES = {"default": _database}
# For processes that answer requests: see server.timeouts.
DATABASE_TIMEOUT = env.number(
    "DATABASE_TIMEOUT",
    default=5,
    least=0,
    most=600,
    description="How many seconds a request waits at most for the database: for a connection, for a lock, and for the "
    "answer to one statement. After that, the answer is 503. Management commands wait longer. 0 sets no limit, "
    "for a pooler that refuses the startup parameter `options`.",
)
SERVER_THREADS = env.number(
    "SERVER_THREADS",
    default=0 if DEBUG else THREADS,
    least=0,
    most=1_000,
    shown_default=f"{THREADS} in production, 0 in development",
    description="How many threads a worker process of the server has. `manage.py serve` sets it from its "
    "`--threads`, so set it only if you start the server in another way. One thread is reserved for "
    "finished pages. Half of the others can be in Django at a time, and the other half wait. Further "
    "requests are answered with 503. 0 sets no limit.",
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.text(
    "CACHE_URL",
    default="locmem://",
    description="Django's cache: `locmem://`, or `redis://host:6379/0` when several machines serve the site.",
)
if CACHE_URL == "locmem://":
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
elif CACHE_URL.startswith(("redis://", "rediss://")):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}}
else:
    raise ImproperlyConfigured("CACHE_URL must be locmem:// or redis://host:port/number.")
# Parts of templates that are the same on many pages ({% cache %}): in each process, so that they end with its release.
# In development a template may change under a running process.
_parts = "dummy.DummyCache" if DEBUG else "locmem.LocMemCache"
CACHES["template_fragments"] = {"BACKEND": f"django.core.cache.backends.{_parts}", "LOCATION": "template-fragments"}

EMAIL_URL = env.text(
    "EMAIL_URL",
    default="console://",
    description="Outgoing mail: `console://` prints it, `smtp://user:password@host:587` sends it with STARTTLS, "
    "`smtps://…:465` with TLS.",
)
_mail = urlsplit(EMAIL_URL)
if _mail.scheme == "console":
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
elif _mail.scheme in ("smtp", "smtps"):
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp" and bool(_mail.username)
else:
    raise ImproperlyConfigured("EMAIL_URL must begin with console://, smtp:// or smtps://.")
# A mail server that does not answer delays nobody: emails are tried again.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.text(
    "MAIL_FROM",
    default=f"Clinical Glossary <glossary@{_site.hostname or 'localhost'}>",
    shown_default="`Clinical Glossary <glossary@` and the host of SITE_URL`>`",
    description="Sender of emails to editors and reviewers.",
)

# -- Application -------------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "config",
    "server",
    "pagestore",
    "siteaudit",
    "demo",
    "glossary",
    "consent",
    "cookie_consent",
    "django_prose_editor",
    "js_asset",
    "config.apps.TagsConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    # Outermost: whatever answers, an error included, answers in the language of the address.
    "config.languages.LanguageMiddleware",
    "server.unavailable.OutageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "server.static_files.AcceptedEncodingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "server.security.ContentSecurityPolicyMiddleware",
    # Ahead of everything that asks for the host.
    "server.probes.ProbeMiddleware",
    "server.bodies.LengthRequiredMiddleware",
    "accounts.admin_host.AdminHostMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.password_again.PasswordAgainMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
            ],
        },
    }
]
LANGUAGE_CODE = "en-gb"
# The languages of the public pages, as each calls itself: see Note [Languages in addresses] in config.languages. Each
# but the first has its catalogue in locale/.
LANGUAGES = [("en-gb", "English"), ("de", "Deutsch"), ("es", "Español"), ("ar", "العربية")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage" if DEBUG else "server.storage.StaticStorage"
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# The first one makes new hashes. The others are Django's, for accounts whose hashes come from elsewhere.
PASSWORD_HASHERS = [
    "accounts.hashing.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
LOGIN_URL = "admin:login"
# Where signing in leads when the address says nothing, or names another site.
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "config.views.csrf_failure"

SECURITY_CONTACT = env.words(
    "SECURITY_CONTACT",
    default=(),
    description="Where to report a vulnerability: addresses that begin with `mailto:`, `https://` or `tel:`, the "
    "preferred one first, separated by commas. They are published in `/.well-known/security.txt` (RFC "
    "9116), which does not exist without them.",
)
if unusable := [contact for contact in SECURITY_CONTACT if not re.fullmatch(r"(mailto:|https://|tel:)\S+", contact)]:
    raise ImproperlyConfigured(
        f"SECURITY_CONTACT: {unusable[0]!r} must begin with mailto:, https:// or tel: and have no blanks."
    )

# -- Transport and headers ---------------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = SERVED_OVER_HTTPS
# Probes of the machine itself come without TLS, and a redirect would read as healthy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SERVED_OVER_HTTPS
SECURE_HSTS_PRELOAD = SERVED_OVER_HTTPS
# TLS ends at the proxy in front, which must set (and overwrite) this header; without TLS nobody is believed.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_OVER_HTTPS else None
# A third party that consent has opened learns the site's name, never which term is read. Not `no-referrer`: under it
# browsers send `Origin: null` with our own forms, and the consent form checks Origin.
SECURE_REFERRER_POLICY = "strict-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
if ADMIN_HOST and SERVED_OVER_HTTPS:
    # Browsers take these from this very host alone: no sister site can put one of its own in their place.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# -- The parts we build on ---------------------------------------------------------------------------------------------

TAGGIT_CASE_INSENSITIVE = True
TAGGIT_STRIP_UNICODE_WHEN_SLUGIFYING = True

# Links without a title and numbered lists without attributes: what the glossary's allow-list keeps, and no more.
DJANGO_PROSE_EDITOR_EXTENSIONS = [
    {
        "js": [static_lazy("glossary/admin/prose-extensions.js")],
        "extensions": {"BareLink": html_tags(["a"], {"a": ["href"]}), "BareOrderedList": html_tags(["ol"])},
    }
]
# A term with a hundred synonyms, insights and references each is within the limits of a term document.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# django-cookie-consent: registry and cookie codec only. Its log, banner and views aren't used (docs/adr).
COOKIE_CONSENT_LOG_ENABLED = False
# Not the name that it has by default, which sister sites may use too. Browsers take one with this prefix from this very
# host alone, and only over HTTPS (docs/adr/0010).
COOKIE_CONSENT_NAME = "__Host-consent_choice" if SERVED_OVER_HTTPS else "consent_choice"
COOKIE_CONSENT_SECURE = True
COOKIE_CONSENT_HTTPONLY = False
COOKIE_CONSENT_SAMESITE = "Lax"
COOKIE_CONSENT_MAX_AGE = 182 * 24 * 60 * 60

GLOSSARY_REVIEW_MONTHS = env.number(
    "GLOSSARY_REVIEW_MONTHS",
    default=24,
    least=1,
    most=120,
    description="How many months after its approval a term is due for review, unless the term has its own setting.",
)

GLOSSARY_LICENCE = env.text(
    "GLOSSARY_LICENCE",
    default="",
    description="Address of the licence under which other sites may show definitions, such as "
    "`https://creativecommons.org/licenses/by/4.0/`: it is sent with each definition. If it is empty, no "
    "licence is stated.",
)
if GLOSSARY_LICENCE and not GLOSSARY_LICENCE.startswith("https://"):
    raise ImproperlyConfigured("GLOSSARY_LICENCE must be an https:// address.")

# See Note [What is kept of a search] in glossary.search.missing.
GLOSSARY_MISSING_DAYS = env.number(
    "GLOSSARY_MISSING_DAYS",
    default=90,
    least=1,
    most=730,
    description="How many days a search that found nothing is kept in the editors' list after the last time. "
    "Nothing about the reader is stored with it.",
)

CONSENT_HEADS_MAIL = env.words(
    "CONSENT_HEADS_MAIL",
    default=(),
    description="Email addresses that receive the newest checkpoint of the consent ledger once a day, separated by "
    "commas. At least one should be outside the organisation.",
)
CONSENT_HEADS_WEBHOOK = env.text(
    "CONSENT_HEADS_WEBHOOK",
    default="",
    description="An `https://` address to which each new checkpoint of the consent ledger is posted, as plain text.",
)
if CONSENT_HEADS_WEBHOOK and not CONSENT_HEADS_WEBHOOK.startswith("https://"):
    raise ImproperlyConfigured("CONSENT_HEADS_WEBHOOK must be an https:// address.")
CONSENT_RETENTION_DAYS = env.number(
    "CONSENT_RETENTION_DAYS",
    default=1_095,
    least=1,
    most=36_500,
    description="How many days after its expiry a consent record may be removed. The default is three years.",
)

# While somebody tries the site, the banner shows all that it can ask, under whatever name.
CONSENT_TRIAL = env.flag(
    "CONSENT_TRIAL",
    default=DEBUG,
    shown_default="1 in development, 0 in production",
    description="The cookie notice is only being tested: it asks about every optional category, including unused "
    "ones, and can be published with the placeholder name of the controller. If this is off, the "
    "notice asks only about categories that a service or a declared cookie uses, there is no banner if "
    "no category is used, and the controller needs a name.",
)
# What Global Privacy Control speaks of: see Note [What opens a service] in consent.choice.gate.
CONSENT_GPC_CATEGORIES = env.words(
    "CONSENT_GPC_CATEGORIES",
    default=("marketing",),
    description="Short names of the categories that sell or share what visitors do, separated by commas. A browser "
    "that sends Global Privacy Control counts as refusing them, and its user is not asked.",
)
# See Note [Pages in shared caches] in server.caching.
CONSENT_SHARED_CACHE = env.number(
    "CONSENT_SHARED_CACHE",
    default=0,
    least=0,
    most=3_600,
    description="How many seconds a cache in front of the site (a CDN) may serve public pages without asking the "
    "site. All readers then get the same policy, which names every service that can be accepted, and "
    "only the client script stops services from starting. Read docs/howto/deploy.md first. With 0, no "
    "shared cache stores a page.",
)
# How many records one network may have written in an hour: see consent.choice.limits.
CONSENT_CHOICES_PER_HOUR = env.number(
    "CONSENT_CHOICES_PER_HOUR",
    default=300,
    least=10,
    most=999_999_999,
    description="How many consent records one network (an IPv4 address, an IPv6 /64) may create in an hour, in "
    "each worker process. A visitor needs one in half a year, and many people in a hospital may share "
    "one address. The address is not stored.",
)
TRUSTED_PROXIES = env.number(
    "TRUSTED_PROXIES",
    default=1 if SERVED_OVER_HTTPS else 0,
    least=0,
    most=9,
    shown_default="1 when SITE_URL is `https`, else 0",
    description="How many proxies are in front of the site, each of which adds the address of its client to "
    "`X-Forwarded-For`. Only used for the limits on consent records and wrong passwords from one network. A "
    "port after the address is ignored. If the number is too low or too high, all visitors count as one "
    "network, because addresses that cannot be read are counted together.",
)

CONSENT_LANGUAGES = env.words(
    "CONSENT_LANGUAGES",
    default=("en",),
    description="Languages in which visitors are asked for consent, `en` first. Each further language has its own "
    "notice. If the site has pages in the language, they ask in it (`/de/`); otherwise there is only a "
    "preferences page (`/cookies/pl/`).",
)
if CONSENT_LANGUAGES[:1] != ["en"] or len(set(CONSENT_LANGUAGES)) != len(CONSENT_LANGUAGES):
    raise ImproperlyConfigured("CONSENT_LANGUAGES must begin with en, the language of the site, and name each once.")
if unreadable := [code for code in CONSENT_LANGUAGES if not re.fullmatch("[a-z]{2,3}(-[a-z]{2,4})?", code)]:
    raise ImproperlyConfigured(f"CONSENT_LANGUAGES: {unreadable[0]!r} is no language code such as de or pt-br.")

# What the two apps call, after commit, when something that public pages show has changed.
GLOSSARY_ON_CHANGE = "pagestore.changes.announce"
CONSENT_ON_CHANGE = "pagestore.changes.announce"

PAGE_STORE = env.flag(
    "PAGE_STORE",
    default=not DEBUG,
    shown_default="1 in production, 0 in development",
    description="Keep finished public pages under DATA_DIR and serve them ahead of Django. On in production.",
)
PAGE_FILES = env.flag(
    "PAGE_FILES",
    default=False,
    description="Write finished pages as plain files too, for nginx to serve: see `nginx_configuration`. Takes "
    "about the same amount of space again. Off where `CONSENT_SHARED_CACHE` is on.",
)
PAGE_STORE_SIZE = env.number(
    "PAGE_STORE_SIZE",
    default=8_192,
    least=64,
    most=10_000_000,
    description="About how many MiB finished pages may take under DATA_DIR. The page of a term takes 25 KiB in each "
    "language. Above this limit, the oldest pages are removed, and rendered again when they are requested.",
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    # Which line of Django refused a request says nothing, and anybody can have it written: a foreign Host is enough.
    "filters": {
        "refusals": {"()": "django.utils.log.CallbackFilter", "callback": without_traceback},
        "outages": {"()": "django.utils.log.CallbackFilter", "callback": once_per_outage},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals", "outages"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
