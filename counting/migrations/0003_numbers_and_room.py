from django.db import migrations


class Migration(migrations.Migration):
    """A line is counted by an update that touches no index: with room on the page it stays HOT (DECISIONS.md)."""

    dependencies = [("counting", "0002_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE counting_session_number", "DROP SEQUENCE counting_session_number"),
        migrations.RunSQL(
            "ALTER TABLE counting_countline SET (fillfactor = 45)",
            "ALTER TABLE counting_countline RESET (fillfactor)",
        ),
    ]
