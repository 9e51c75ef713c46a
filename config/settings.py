"""The settings of the site. What differs between installations comes from the environment, and is described here."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django_prose_editor.config import html_tags
from js_asset import static_lazy

from config import env
from config.connections import cache_at, database_at, mail_server_at
from config.safety import DEVELOPMENT_SECRET_KEY, DEVELOPMENT_SIGNING_KEY, unsafe_settings
from server import logs
from server.starting import THREADS

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = env.flag(
    "DEBUG",
    default=False,
    description="Development mode: detailed error pages, demonstration accounts, secrets with defaults. "
    "Never on in public.",
)

# -- Secrets and hosts -------------------------------------------------------------------------------------------------

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
    description="Key of the HMAC of every consent record. It is kept outside the database, so that somebody who can "
    "write to the database cannot forge a record. Make one with `openssl rand -base64 48`, and never lose it.",
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

env.refuse_to_start(
    unsafe_settings(
        debug=DEBUG,
        secret_key=SECRET_KEY,
        signing_key=CONSENT_SIGNING_KEY,
        old_signing_keys=CONSENT_SIGNING_KEYS_OLD,
        allowed_hosts=ALLOWED_HOSTS,
        site_url=SITE_URL,
        admin_host=ADMIN_HOST,
    )
)

_site = urlsplit(SITE_URL)
SERVED_OVER_HTTPS = _site.scheme == "https"
if ADMIN_HOST and (_admin_name := ADMIN_HOST.partition(":")[0]) not in ALLOWED_HOSTS:
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
# For its owner alone. An existing folder keeps its permissions: nginx may have been given access to the pages.
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)

# The folder of the share images that the glossary draws.
GLOSSARY_CARDS = DATA_DIR / "cards"

DATABASE_URL = env.text(
    "DATABASE_URL",
    default=f"sqlite:///{DATA_DIR / 'db.sqlite3'}",
    shown_default="SQLite in DATA_DIR",
    description="Database, as a URL: `postgres://user:password@host:5432/name` in production, `sqlite:///path` to "
    "embed it.",
)
DATABASES = {"default": database_at(DATABASE_URL, data_dir=DATA_DIR)}
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
    "`--threads`, so set it only if you start the server in another way. A third of them can be "
    "in Django at a time, a third wait, and a third are reserved for finished pages. Further requests are "
    "answered with 503. 0 sets no limit.",
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHE_URL = env.text(
    "CACHE_URL",
    default="locmem://",
    description="Django's cache: `locmem://`, or `redis://host:6379/0` when several machines serve the site.",
)
CACHES = {"default": cache_at(CACHE_URL)}
# Parts of templates that are the same on many pages ({% cache %}). They are in each process's memory, so that a new
# release begins without them. In development, templates change while the process runs.
_parts = "dummy.DummyCache" if DEBUG else "locmem.LocMemCache"
CACHES["template_fragments"] = {"BACKEND": f"django.core.cache.backends.{_parts}", "LOCATION": "template-fragments"}

EMAIL_URL = env.text(
    "EMAIL_URL",
    default="console://",
    description="Outgoing mail: `console://` prints it, `smtp://user:password@host:587` sends it with STARTTLS, "
    "`smtps://…:465` with TLS.",
)
_mail = mail_server_at(EMAIL_URL)
EMAIL_BACKEND, EMAIL_HOST, EMAIL_PORT = _mail.backend, _mail.host, _mail.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.user, _mail.password
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.use_ssl, _mail.use_tls
# Seconds. Emails that the server does not accept in time are tried again later.
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
    # Outermost, so that every answer, an error included, is in the language of the address.
    "config.languages.LanguageMiddleware",
    "server.unavailable.OutageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "server.static_files.AcceptedEncodingMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "server.security.ContentSecurityPolicyMiddleware",
    # Before everything that reads the host.
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
# See Note [Languages in addresses] in config.languages. Each language but the first has a catalogue in locale/.
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
# The first one makes new hashes. The others are Django's, for accounts that were created elsewhere.
PASSWORD_HASHERS = [
    "accounts.hashing.PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
LOGIN_URL = "admin:login"
# The page after signing in, if the address names none, or one of another site.
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
# Probes come without TLS, and would take a redirect for a healthy answer.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SERVED_OVER_HTTPS
SECURE_HSTS_PRELOAD = SERVED_OVER_HTTPS
# TLS ends at the proxy, which must set (and overwrite) this header. Without TLS, the header is not trusted.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_OVER_HTTPS else None
# A third party that consent has opened learns the site's name, never which term is read. With `no-referrer`, browsers
# would send `Origin: null` with our own forms, and the consent form checks Origin.
SECURE_REFERRER_POLICY = "strict-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_OVER_HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
if ADMIN_HOST and SERVED_OVER_HTTPS:
    # Browsers accept these names only from this host, so that no other host of the domain can replace the cookies.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"

# -- Parts of the site -------------------------------------------------------------------------------------------------

TAGGIT_CASE_INSENSITIVE = True
TAGGIT_STRIP_UNICODE_WHEN_SLUGIFYING = True

# Links without a title and numbered lists without attributes, which is all that the glossary's allow-list accepts.
DJANGO_PROSE_EDITOR_EXTENSIONS = [
    {
        "js": [static_lazy("glossary/admin/prose-extensions.js")],
        "extensions": {"BareLink": html_tags(["a"], {"a": ["href"]}), "BareOrderedList": html_tags(["ol"])},
    }
]
# A term with a hundred synonyms, insights and references each is within the limits of a term document.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

# django-cookie-consent: only its registry and cookie codec are used, not its log, banner and views (docs/adr).
COOKIE_CONSENT_LOG_ENABLED = False
# Browsers accept a cookie with this prefix only from this host and over HTTPS (docs/adr/0010).
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

CONSENT_TRIAL = env.flag(
    "CONSENT_TRIAL",
    default=DEBUG,
    shown_default="1 in development, 0 in production",
    description="The cookie notice is only being tested: it asks about every optional category, including unused "
    "ones, and can be published with the placeholder name of the controller. If this is off, the "
    "notice asks only about categories that a service or a declared cookie uses, there is no banner if "
    "no category is used, and the controller needs a name.",
)
# Categories that Global Privacy Control refuses: see Note [What opens a service] in consent.choice.gate.
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
    description="How many seconds a cache in front of the site (a CDN) may serve public pages without asking the site. "
    "All readers then get the same policy, which names every service that can be accepted, and only the client script "
    "stops services from starting. Read docs/howto/deploy.md first. With 0, no shared cache stores a page.",
)
# See consent.choice.limits.
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

# The function that the two apps call after the commit of a change to public pages.
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

LOGGING = logs.CONFIGURATION
