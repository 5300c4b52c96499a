from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Who may see stock and counts sees units as well."""

    dependencies = [
        ("counting", "0015_units"),
        ("ledger", "0013_entries_carry_units"),
        ("warehouse", "0007_units"),
    ]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
