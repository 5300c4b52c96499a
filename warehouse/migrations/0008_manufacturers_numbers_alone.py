from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('warehouse', '0007_units'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='unit',
            name='unit_by_manufacturer_number',
        ),
        migrations.AddIndex(
            model_name='unit',
            index=models.Index(condition=models.Q(('manufacturer_number', ''), _negated=True), fields=['manufacturer_number', 'item'], name='unit_by_manufacturer_number'),
        ),
    ]
