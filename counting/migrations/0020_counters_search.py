from django.db import migrations

from counting.people import apply_groups


class Migration(migrations.Migration):
    """Who counts helps to search for what a count did not find."""

    dependencies = [("counting", "0019_requests_of_sightings")]

    operations = [
        migrations.RunPython(lambda apps, schema_editor: apply_groups(), migrations.RunPython.noop),
    ]
