from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Supervisors may post in spite of a hold."""

    dependencies = [
        ("counting", "0007_taken_as_zero"),
        ("ledger", "0009_override_holds"),
    ]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
