from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Supervisors settle what bins are for."""

    dependencies = [
        ("counting", "0025_keeping_journals"),
        ("warehouse", "0013_bins_and_blocking"),
    ]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
