"""Does the site do what its notice says? Tried with a real browser, from outside, in every state of a visitor's choice.

What is pure stands apart from what drives: ``declared`` (what the notice says), ``states`` (which choices are tried),
``observed`` (what the browser saw), ``canaries`` (a page's secret in disguise), ``buttons`` (are they equal) and
``judging`` (the verdict) touch neither network nor database. ``sampling`` reads the site's own addresses, ``serving``
starts a throw-away copy of it, ``browsing`` drives Chromium, ``reporting`` writes what came out, ``keeping``
shows the result in the admin.

Nothing here asks the database or the code what is declared: it is read from the public notice, as a visitor would.
"""


class CouldNotAudit(Exception):
    """The audit can't be carried out, which says nothing about the site. The message says what to do."""
