"""Headers in which browsers, proxies and other sites send the consent cookie, and what it says there about *analytics*.

``{good}`` is the value that accepts it under the live notice; ``{version}``, ``{number}`` and ``{hash}`` are its parts.
Server and client are tested with the same table.
"""

GOOD = "analytics={version}|personalization=-1|marketing=-1|notice={number}.{hash}"
REFUSED = "analytics=-1|personalization=-1|marketing=-1|notice="

HEADERS: list[tuple[str, str]] = [
    ("cookie_consent={good}", "accepted"),
    ('cookie_consent="{good}"', "accepted"),
    ("a=1; cookie_consent={good}; b=2", "accepted"),
    ("a=1;cookie_consent={good};b=2", "accepted"),
    # Without a name, as `document.cookie = "junk"` sets it: before, behind, and around.
    ("junk; cookie_consent={good}", "accepted"),
    ("cookie_consent={good}; junk", "accepted"),
    ("junk; cookie_consent={good}; more junk", "accepted"),
    ("; ;cookie_consent={good};;", "accepted"),
    ("=junk; cookie_consent={good}", "accepted"),
    ("cookie_consent; cookie_consent={good}", "accepted"),
    # Called almost as ours.
    ("my_cookie_consent={good}", "asked"),
    ("cookie_consent2={good}", "asked"),
    ("cookie_consent2=x; cookie_consent={good}", "accepted"),
    ("Cookie_Consent={good}", "asked"),
    ("a=cookie_consent={good}", "asked"),
    # Two of them, as another site of the same domain may set one: nobody can say which is ours.
    ("cookie_consent={good}; cookie_consent={good}", "asked"),
    ("cookie_consent={good}; cookie_consent=x", "asked"),
    ("cookie_consent=x; cookie_consent={good}", "asked"),
    ("cookie_consent=; cookie_consent={good}", "asked"),
    ('cookie_consent={good}; a=1; cookie_consent="{good}"', "asked"),
    # Nothing that says anything.
    ("", "asked"),
    ("junk", "asked"),
    ("cookie_consent", "asked"),
    ("cookie_consent=", "asked"),
    ('cookie_consent=""', "asked"),
    ("cookie_consent=x", "asked"),
    ('cookie_consent=""{good}""', "asked"),
    ('cookie_consent=analytics={version}"|analytics=x', "accepted"),
    ("cookie_consent=analytics={version}", "accepted"),
    ("cookie_consent=analytics={version}=1", "asked"),
    ("cookie_consent=analytics=-1|analytics={version}", "accepted"),
    ("cookie_consent=analytics={version}|analytics=x", "asked"),
    ("cookie_consent={good}|refused=banner", "refused"),
    ("cookie_consent=refused=banner.{hash}", "refused"),
    # The number of the notice, and its language.
    ("cookie_consent={refused}{number}.{hash}", "refused"),
    ("cookie_consent={refused}{number}", "refused"),
    ("cookie_consent={refused}0{number}.{hash}", "refused"),
    ("cookie_consent={refused}{number}.{hash}.en", "refused"),
    ("cookie_consent={refused}{number}x.{hash}", "asked"),
    ("cookie_consent={refused} {number}.{hash}", "asked"),
    ("cookie_consent={refused}+{number}.{hash}", "asked"),
    ("cookie_consent={refused}{number}e0.{hash}", "asked"),
    ("cookie_consent={refused}-{number}.{hash}", "asked"),
    ("cookie_consent={refused}000000000{number}.{hash}", "asked"),
    ("cookie_consent={refused}.{hash}", "asked"),
    ("cookie_consent={refused}{number}.{hash}.", "asked"),
    ("cookie_consent={refused}{number}.{hash}.xx", "asked"),
    ("cookie_consent={good}.en", "accepted"),
    ("cookie_consent={good}.", "asked"),
    ("cookie_consent={good}.xx", "asked"),
]


def headers(*, version: str, number: int, short: str) -> list[tuple[str, str]]:
    """Return the table for a live notice: header → ``accepted``, ``refused``, or ``asked`` without a valid answer."""
    parts = {"version": version, "number": number, "hash": short}
    good = GOOD.format(**parts)
    return [(header.format(good=good, refused=REFUSED, **parts), answer) for header, answer in HEADERS]
