from django.db import migrations


class Migration(migrations.Migration):
    """Postings change quantity and newest entry, which no index holds: leave room on the page for HOT updates."""

    dependencies = [("warehouse", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE warehouse_quant SET (fillfactor = 80)", "ALTER TABLE warehouse_quant RESET (fillfactor)"
        ),
    ]
