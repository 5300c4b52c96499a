from django.db import migrations


class Migration(migrations.Migration):
    """Documents are numbered by a sequence; gaps are allowed."""

    dependencies = [("ledger", "0002_initial")]

    operations = [
        migrations.RunSQL("CREATE SEQUENCE ledger_document_number", "DROP SEQUENCE ledger_document_number"),
    ]
