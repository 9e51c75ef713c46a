from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    """Services of third parties, and what they and the site keep in browsers."""

    replaces = [
        ("consent", "0010_services"),
        ("consent", "0015_start_code_approvals"),
        ("consent", "0016_start_code_writers"),
    ]
    dependencies = [
        ("consent", "0002_ledger"),
        ("cookie_consent", "0004_cookie_natural_key"),
    ]
    operations = [
        migrations.CreateModel(
            name="Service",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="As visitors read it in the notice.", max_length=100)),
                (
                    "vendor",
                    models.CharField(
                        help_text="The company or person that receives the data.",
                        max_length=200,
                        verbose_name="recipient",
                    ),
                ),
                ("purpose", models.TextField(help_text="What the service is for, in plain words.", max_length=1000)),
                (
                    "privacy_policy",
                    models.URLField(
                        help_text="The address of the recipient's own privacy policy.",
                        max_length=500,
                        verbose_name="privacy policy",
                    ),
                ),
                (
                    "url",
                    models.CharField(
                        blank=True,
                        help_text="https://… of the script, pixel or frame. Leave empty for start code alone, and for "
                        "embeds that are placed in pages.",
                        max_length=500,
                        verbose_name="address",
                    ),
                ),
                (
                    "integrity",
                    models.CharField(
                        blank=True,
                        help_text="Hash of the script (Subresource Integrity). Browsers refuse the script if it does not "
                        "match. Without the hash, the vendor's server decides what runs on this site.",
                        max_length=200,
                    ),
                ),
                (
                    "connect_origins",
                    models.CharField(
                        blank=True,
                        help_text="Further origins that it reports to (connect-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may send to",
                    ),
                ),
                (
                    "image_origins",
                    models.CharField(
                        blank=True,
                        help_text="Further origins of its images and pixels (img-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may load images from",
                    ),
                ),
                ("changed_at", models.DateTimeField(editable=False)),
                (
                    "category",
                    models.ForeignKey(
                        limit_choices_to={"is_required": False},
                        on_delete=models.PROTECT,
                        related_name="services",
                        to="cookie_consent.cookiegroup",
                    ),
                ),
                (
                    "changed_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "attributes",
                    models.TextField(
                        blank=True,
                        help_text="Attributes of the script's element: data-name=value, one on each line.",
                        max_length=2000,
                    ),
                ),
                (
                    "consent_mode",
                    models.BooleanField(
                        default=False,
                        help_text="Tells the service what the visitor allowed, with Google's seven signals, which are all "
                        "denied at first.",
                        verbose_name="speaks Google’s Consent Mode",
                    ),
                ),
                (
                    "font_origins",
                    models.CharField(
                        blank=True,
                        help_text="Origins of its fonts (font-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may load fonts from",
                    ),
                ),
                (
                    "frame_origins",
                    models.CharField(
                        blank=True,
                        help_text="Further origins of frames (frame-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may show frames from",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("script", "Script"),
                            ("module", "Script (ES module)"),
                            ("pixel", "Pixel (image)"),
                            ("embed", "Embed (frame), such as a video"),
                            ("code", "Start code alone"),
                        ],
                        default="script",
                        max_length=6,
                    ),
                ),
                (
                    "media_origins",
                    models.CharField(
                        blank=True,
                        help_text="Origins of its sound and video (media-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may play media from",
                    ),
                ),
                (
                    "opt_out",
                    models.URLField(
                        blank=True,
                        help_text="Where visitors can delete, or object to, data that the recipient stores at its own "
                        "addresses, which this site cannot delete.",
                        max_length=500,
                        verbose_name="where to delete",
                    ),
                ),
                (
                    "pages",
                    models.TextField(
                        blank=True,
                        help_text="Paths, one on each line. * stands for any text. Leave empty for every page.",
                        max_length=2000,
                        verbose_name="on which pages",
                    ),
                ),
                (
                    "script_origins",
                    models.CharField(
                        blank=True,
                        help_text="Further origins of scripts (script-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may load scripts from",
                    ),
                ),
                (
                    "slug",
                    models.SlugField(
                        blank=True,
                        help_text="Used in the cookie of visitors who decide about this service alone. Cannot be changed "
                        "once it is saved.",
                        max_length=40,
                        unique=True,
                        verbose_name="short name",
                    ),
                ),
                (
                    "start_code",
                    models.TextField(
                        blank=True,
                        help_text="JavaScript that runs before the script. It is served from an address of this site, "
                        "never from within a page.",
                        max_length=20000,
                        verbose_name="start code",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("off", "Off"), ("announced", "Announced: the next notice names it"), ("on", "On")],
                        default="off",
                        max_length=9,
                    ),
                ),
                (
                    "style_origins",
                    models.CharField(
                        blank=True,
                        help_text="Origins of its style sheets (style-src), separated by spaces, such as https://a.example https://*.b.example.",
                        max_length=1000,
                        verbose_name="may load styles from",
                    ),
                ),
                (
                    "uses_sinks",
                    models.BooleanField(
                        default=False,
                        help_text="The service writes HTML or script addresses into the page. For visitors who allow it, "
                        "the browser then no longer uses Trusted Types to protect the page from injected "
                        "scripts.",
                        verbose_name="cannot work under Trusted Types",
                    ),
                ),
                ("start_code_approved_at", models.DateTimeField(editable=False, null=True)),
                (
                    "start_code_approved_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("start_code_approved_sha256", models.CharField(blank=True, default="", editable=False, max_length=64)),
                (
                    "start_code_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": [Lower("name")],
                "default_permissions": ("view", "add", "change"),
                "constraints": [
                    models.UniqueConstraint(
                        Lower("name"),
                        name="service_name_once",
                        violation_error_message="Another service has this name.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("name", ""), _negated=True),
                            models.Q(("slug", ""), _negated=True),
                            models.Q(("vendor", ""), _negated=True),
                            models.Q(("purpose", ""), _negated=True),
                            models.Q(("privacy_policy", ""), _negated=True),
                        ),
                        name="service_says_who_and_why",
                        violation_error_message="A service needs a name, a recipient, a purpose and a privacy policy.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("url", ""),
                            models.Q(("url__startswith", "https://")),
                            models.Q(("url__startswith", "http://localhost:")),
                            models.Q(("url__startswith", "http://localhost/")),
                            models.Q(("url__startswith", "http://127.0.0.1:")),
                            models.Q(("url__startswith", "http://127.0.0.1/")),
                            models.Q(("url__startswith", "http://[::1]")),
                            _connector="OR",
                        ),
                        name="service_address_over_https",
                        violation_error_message="The address must begin with https.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("integrity", ""),
                            models.Q(("integrity__startswith", "sha256-")),
                            models.Q(("integrity__startswith", "sha384-")),
                            models.Q(("integrity__startswith", "sha512-")),
                            _connector="OR",
                        ),
                        name="service_integrity_is_a_hash",
                        violation_error_message="The integrity hash must begin with sha256-, sha384- or sha512-.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "embed"),
                            models.Q(("kind__in", ["script", "module", "pixel"]), models.Q(("url", ""), _negated=True)),
                            models.Q(("kind", "code"), ("url", ""), models.Q(("start_code", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="service_has_what_its_kind_needs",
                        violation_error_message="A script, module or pixel needs an address. Start code alone has none.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["off", "announced", "on"])), name="service_status_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("start_code_approved_at__isnull", True),
                                ("start_code_approved_by__isnull", True),
                                ("start_code_approved_sha256", ""),
                            ),
                            models.Q(
                                ("start_code_approved_at__isnull", False),
                                ("start_code_approved_by__isnull", False),
                                ("start_code_by__isnull", False),
                                models.Q(("start_code", ""), _negated=True),
                                models.Q(("start_code_approved_sha256", ""), _negated=True),
                                models.Q(("start_code_approved_by", models.F("start_code_by")), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="service_start_code_approved_by_another",
                        violation_error_message="Start code must be approved by somebody who did not write it.",
                    ),
                ],
                "permissions": [("approve_start_code", "Can approve start code that others wrote")],
            },
        ),
        migrations.CreateModel(
            name="CookieDetails",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "days",
                    models.PositiveIntegerField(
                        blank=True, help_text="Empty if it is deleted when the browser is closed.", null=True
                    ),
                ),
                (
                    "cookie",
                    models.OneToOneField(on_delete=models.CASCADE, related_name="details", to="cookie_consent.cookie"),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("cookie", "Cookie"), ("local", "Local storage"), ("session", "Session storage")],
                        default="cookie",
                        max_length=7,
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        blank=True,
                        help_text="The service that stores it. Empty if this site stores it.",
                        null=True,
                        on_delete=models.PROTECT,
                        related_name="cookies",
                        to="consent.service",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind", "cookie"),
                            models.Q(("days__isnull", True), ("kind", "session")),
                            ("kind", "local"),
                            _connector="OR",
                        ),
                        name="cookie_kind_known_and_session_without_days",
                        violation_error_message="Session storage is deleted when the browser is closed, so leave the lifetime empty.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("days__isnull", True), ("days__gte", 1), _connector="OR"),
                        name="cookie_lifetime_at_least_a_day",
                        violation_error_message="The lifetime must be at least one day, or empty for until the browser is closed.",
                    ),
                ],
                "ordering": ["cookie__name", "cookie__domain"],
            },
        ),
    ]
