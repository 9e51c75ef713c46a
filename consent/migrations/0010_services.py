import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.utils.text import slugify

import consent.models.services


def fill(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give each service a short name, and carry over whether it was switched on."""
    used: set[str] = set()
    services = apps.get_model("consent", "Service").objects
    for pk, name, enabled in services.order_by("pk").values_list("pk", "name", "enabled"):
        slug = slugify(name)[:30].strip("-") or "service"
        slug = slug if slug not in used else f"{slug}-{pk}"
        used.add(slug)
        services.filter(pk=pk).update(slug=slug, status="on" if enabled else "off")


def empty(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    service = apps.get_model("consent", "Service")
    if service.objects.exclude(kind="script").exists() or service.objects.filter(integrity="").exists():
        raise RuntimeError(
            "Services that are no script, or have no integrity hash, cannot be kept by the release before."
        )
    service.objects.filter(status="on").update(enabled=True)
    service.objects.exclude(status="on").update(enabled=False)


class Migration(migrations.Migration):
    """Services of any kind, switched on by status, with what they keep in browsers."""

    dependencies = [("consent", "0009_notice_texts"), ("cookie_consent", "0004_cookie_natural_key")]

    operations = [
        migrations.RemoveConstraint(
            model_name="service",
            name="service_says_who_and_why",
        ),
        migrations.RemoveConstraint(
            model_name="service",
            name="service_script_over_https",
        ),
        migrations.RemoveConstraint(
            model_name="service",
            name="service_script_has_integrity",
        ),
        migrations.RemoveConstraint("cookielifetime", "cookie_lifetime_at_least_a_day"),
        migrations.RenameModel("CookieLifetime", "CookieDetails"),
        migrations.AlterModelOptions(
            "cookiedetails", {"default_permissions": (), "ordering": ["cookie__name", "cookie__domain"]}
        ),
        migrations.AlterField(
            model_name="cookiedetails",
            name="cookie",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="details", to="cookie_consent.cookie"
            ),
        ),
        migrations.AlterField(
            model_name="cookiedetails",
            name="days",
            field=models.PositiveIntegerField(
                blank=True, help_text="Empty when it goes as the browser is closed.", null=True
            ),
        ),
        migrations.AddField(
            model_name="cookiedetails",
            name="kind",
            field=models.CharField(
                choices=[("cookie", "Cookie"), ("local", "Local storage"), ("session", "Session storage")],
                default="cookie",
                max_length=7,
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="attributes",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Put on the script's element: data-name=value, one in each line.",
                max_length=2000,
                validators=[consent.models.services.validate_attributes],
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="consent_mode",
            field=models.BooleanField(
                default=False,
                help_text="It is told what the visitor allowed by Google's seven signals, all denied to begin with.",
                verbose_name="speaks Google’s Consent Mode",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="font_origins",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Origins of its fonts (font-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may load fonts from",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="frame_origins",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Further origins of frames (frame-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may show frames from",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="kind",
            field=models.CharField(
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
        migrations.AddField(
            model_name="service",
            name="media_origins",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Origins of its sound and video (media-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may play media from",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="opt_out",
            field=models.URLField(
                blank=True,
                default="",
                help_text="Where visitors delete, or object to, what the recipient keeps at its own addresses. We can't.",
                max_length=500,
                verbose_name="where to delete",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="pages",
            field=models.TextField(
                blank=True,
                default="",
                help_text="Paths, one in each line; * stands for any text. Empty: on every page.",
                max_length=2000,
                validators=[consent.models.services.validate_pages],
                verbose_name="on which pages",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="script_origins",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Further origins of scripts (script-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may load scripts from",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="slug",
            field=models.SlugField(
                default="",
                help_text="Stands in the cookie of visitors who decide about this service alone. Fixed once it is saved.",
                db_index=False,
                max_length=40,
                verbose_name="short name",
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="start_code",
            field=models.TextField(
                blank=True,
                default="",
                help_text="JavaScript that runs before the script. Served from an address of this site, never put into a page.",
                max_length=20000,
                verbose_name="start code",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="status",
            field=models.CharField(
                choices=[("off", "Off"), ("announced", "Announced: the next notice names it"), ("on", "On")],
                default="off",
                max_length=9,
            ),
        ),
        migrations.AddField(
            model_name="service",
            name="style_origins",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Origins of its style sheets (style-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may load styles from",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="service",
            name="uses_sinks",
            field=models.BooleanField(
                default=False,
                help_text="It writes HTML or script addresses into the page. For visitors who open it, the browser then stops guarding against injected script in this way.",
                verbose_name="cannot work under Trusted Types",
            ),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="details",
            field=models.JSONField(default=dict, help_text="Counts, places in the ledger, or what of a service."),
        ),
        migrations.AlterField(
            model_name="consentevent",
            name="verb",
            field=models.CharField(
                choices=[
                    ("withdrew", "withdrew consent"),
                    ("erased", "erased a record"),
                    ("pruned", "pruned what had expired"),
                    ("verified", "verified the ledger"),
                    ("rotated", "changed the signing key"),
                    ("exported", "exported records"),
                    ("service", "changed a service"),
                ],
                max_length=20,
            ),
        ),
        migrations.AlterField(
            model_name="service",
            name="connect_origins",
            field=models.CharField(
                blank=True,
                help_text="Further origins that it reports to (connect-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may send to",
            ),
        ),
        migrations.AlterField(
            model_name="service",
            name="image_origins",
            field=models.CharField(
                blank=True,
                help_text="Further origins of its images and pixels (img-src), separated by spaces, such as https://a.example https://*.b.example.",
                max_length=1000,
                validators=[consent.models.services.validate_origins],
                verbose_name="may load images from",
            ),
        ),
        migrations.AlterField(
            model_name="service",
            name="integrity",
            field=models.CharField(
                blank=True,
                help_text="Hash of the script (Subresource Integrity): a browser refuses the script once it differs. Without it, whoever holds the vendor's server decides what runs here.",
                max_length=200,
                validators=[consent.models.services.validate_integrity],
            ),
        ),
        migrations.AlterField(
            model_name="service",
            name="url",
            field=models.CharField(
                blank=True,
                help_text="https://… of the script, pixel or frame. Empty for start code alone and embeds that pages place.",
                max_length=500,
                validators=[consent.models.services.validate_script_url],
                verbose_name="address",
            ),
        ),
        migrations.AddField(
            model_name="cookiedetails",
            name="service",
            field=models.ForeignKey(
                blank=True,
                help_text="The service that keeps it. Empty when this site does itself.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="cookies",
                to="consent.service",
            ),
        ),
        migrations.RunPython(fill, empty),
        migrations.RemoveField(model_name="service", name="enabled"),
        migrations.AlterField(
            model_name="service",
            name="slug",
            field=models.SlugField(
                help_text="Stands in the cookie of visitors who decide about this service alone. Fixed once it is saved.",
                blank=True,
                max_length=40,
                unique=True,
                verbose_name="short name",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("name", ""), _negated=True),
                    models.Q(("slug", ""), _negated=True),
                    models.Q(("vendor", ""), _negated=True),
                    models.Q(("purpose", ""), _negated=True),
                    models.Q(("privacy_policy", ""), _negated=True),
                ),
                name="service_says_who_and_why",
                violation_error_message="A service says its name, recipient, purpose and privacy policy.",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
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
                violation_error_message="An address begins with https.",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("integrity", ""),
                    models.Q(("integrity__startswith", "sha256-")),
                    models.Q(("integrity__startswith", "sha384-")),
                    models.Q(("integrity__startswith", "sha512-")),
                    _connector="OR",
                ),
                name="service_integrity_is_a_hash",
                violation_error_message="An integrity hash begins with sha256-, sha384- or sha512-.",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "embed"),
                    models.Q(("kind__in", ["script", "module", "pixel"]), models.Q(("url", ""), _negated=True)),
                    models.Q(("kind", "code"), ("url", ""), models.Q(("start_code", ""), _negated=True)),
                    _connector="OR",
                ),
                name="service_has_what_its_kind_needs",
                violation_error_message="A script, module or pixel has an address, and start code alone has none.",
            ),
        ),
        migrations.AddConstraint(
            model_name="service",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["off", "announced", "on"])), name="service_status_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="cookiedetails",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind", "cookie"),
                    models.Q(("days__isnull", True), ("kind", "session")),
                    ("kind", "local"),
                    _connector="OR",
                ),
                name="cookie_kind_known_and_session_without_days",
                violation_error_message="Session storage goes as the browser is closed: leave the lifetime empty.",
            ),
        ),
        migrations.AddConstraint(
            model_name="cookiedetails",
            constraint=models.CheckConstraint(
                condition=models.Q(("days__isnull", True), ("days__gte", 1), _connector="OR"),
                name="cookie_lifetime_at_least_a_day",
                violation_error_message="It lives for one day at least, or until the browser is closed.",
            ),
        ),
    ]
