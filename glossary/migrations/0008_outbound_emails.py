"""Call an email that is to be sent an outbound email: a letter is one of A to Z."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("glossary", "0007_mentions_held_back")]

    operations = [
        migrations.RenameModel("Letter", "OutboundEmail"),
        migrations.RenameIndex("OutboundEmail", new_name="email_to_send", old_name="letter_to_send"),
    ]
