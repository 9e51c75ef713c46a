"""Check with a real browser that the site does what its notice says, in every state of a visitor's choice.

These modules use neither network nor database: ``declared`` (what the notice says), ``states`` (which choices are
tried), ``observed`` (what the browser saw), ``canaries`` (a page's secret, plain or encoded), ``buttons`` (whether they
are equal) and ``judging`` (the findings). ``sampling`` reads the site's own addresses, ``serving`` starts a temporary
copy of it, ``browsing`` drives Chromium (``visiting`` acts as the visitor, ``recording`` records what the browser does,
``measuring`` measures the buttons), ``reporting`` writes the reports, ``keeping`` stores the result for the admin.

What is declared is read from the public notice, as a visitor would, and never from the database or the code.
"""


class CouldNotAudit(Exception):
    """The audit can't be carried out, which says nothing about the site. The message says what to do."""
