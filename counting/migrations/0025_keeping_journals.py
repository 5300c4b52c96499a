from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Supervisors keep journals and post them."""

    dependencies = [
        ("counting", "0024_units_of_another_variant"),
        ("ledger", "0016_journals"),
    ]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
