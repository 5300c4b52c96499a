import django.db.models.deletion
from django.db import migrations, models

# Reversals name their document; from now on each of their entries names the entry that it undoes as well.
NAME_WHAT_IS_UNDONE = """
    SET CONSTRAINTS ALL IMMEDIATE;
    ALTER TABLE ledger_warehouseentry DISABLE TRIGGER USER;
    UPDATE ledger_warehouseentry undoing SET undoes_id = undone.id
      FROM ledger_register r, ledger_warehouseentry undone
     WHERE r.id = undoing.register_id AND undone.register_id = r.reverses_id AND undone.line = undoing.line
       AND undone.quant_id = undoing.quant_id;
    ALTER TABLE ledger_warehouseentry ENABLE TRIGGER USER
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0006_fewer_foreign_keys'),
    ]

    operations = [
        migrations.AddField(
            model_name='warehouseentry',
            name='undoes',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='undone_by', to='ledger.warehouseentry'),
        ),
        migrations.RunSQL(NAME_WHAT_IS_UNDONE, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name='register',
            name='reverses',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='ledger.register', verbose_name='reverses'),
        ),
        migrations.AddConstraint(
            model_name='warehouseentry',
            constraint=models.UniqueConstraint(condition=models.Q(('undoes__isnull', False)), fields=('undoes',), name='entry_undone_once'),
        ),
    ]
