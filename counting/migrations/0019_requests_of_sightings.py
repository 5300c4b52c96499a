from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('counting', '0018_unknown_sightings'),
        ('warehouse', '0008_manufacturers_numbers_alone'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='unitscan',
            name='unit_scan_kind_known',
        ),
        migrations.AddField(
            model_name='sighting',
            name='client_id',
            field=models.UUIDField(null=True, verbose_name='client id'),
        ),
        migrations.AlterField(
            model_name='sighting',
            name='kind',
            field=models.CharField(choices=[('seen', 'scanned'), ('all', 'all present'), ('allotted', 'allotted'), ('typed', 'quantity typed'), ('back', 'taken back')], max_length=8, verbose_name='kind'),
        ),
        migrations.AlterField(
            model_name='unitscan',
            name='kind',
            field=models.CharField(choices=[('seen', 'scanned'), ('all', 'all present'), ('allotted', 'allotted'), ('typed', 'quantity typed'), ('back', 'taken back')], max_length=8, verbose_name='kind'),
        ),
        migrations.AddConstraint(
            model_name='unitscan',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['seen', 'all', 'allotted', 'typed', 'back'])), name='unit_scan_kind_known'),
        ),
    ]
