from django.db import migrations, models

DIRECTIONS = {
    "found": ["found", "returned"],
    "missing": ["damaged", "expired", "own-use", "sample", "stolen", "missing"],
}


def give_directions(apps, schema_editor):
    for direction, codes in DIRECTIONS.items():
        apps.get_model("ledger", "Reason").objects.filter(code__in=codes).update(direction=direction)


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0007_partial_reversals'),
    ]

    operations = [
        migrations.AddField(
            model_name='reason',
            name='direction',
            field=models.CharField(choices=[('any', 'found or missing'), ('found', 'found'), ('missing', 'missing')], default='any', max_length=10, verbose_name='for what is'),
        ),
        migrations.RunPython(give_directions, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='reason',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['any', 'found', 'missing'])), name='reason_direction_known'),
        ),
    ]
