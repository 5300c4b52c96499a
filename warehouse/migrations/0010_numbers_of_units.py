from django.db import migrations


class Migration(migrations.Migration):
    """Numbers of our own, for units that have none; gaps are allowed."""

    dependencies = [("warehouse", "0009_tracking_locked_by_units")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE warehouse_unit_number START WITH 100001", "DROP SEQUENCE warehouse_unit_number"
        ),
    ]
