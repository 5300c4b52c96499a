from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """The groups of counting.people. Whoever changes that table adds a migration that calls apply_groups again."""

    dependencies = [
        ("counting", "0003_numbers_and_room"),
        ("ledger", "0005_reasons_and_permissions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
