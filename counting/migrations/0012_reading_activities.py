from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Who sees counts sees what people did to them, in the admin site too."""

    dependencies = [("counting", "0011_names_of_fields")]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
