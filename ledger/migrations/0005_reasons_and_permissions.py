from django.db import migrations

REASONS = [
    ("damaged", "Damaged", "moved"),
    ("expired", "Expired", "moved"),
    ("own-use", "Own use", "moved"),
    ("sample", "Sample", "moved"),
    ("returned", "Returned", "moved"),
    ("stolen", "Stolen", "moved"),
    ("missing", "Missing", "corrected"),
    ("found", "Found", "corrected"),
    ("data-error", "Data error", "corrected"),
    ("earlier-miscount", "Earlier miscount", "corrected"),
]


def add_reasons(apps, schema_editor):
    """A reason that is there already keeps the name and the effect that somebody gave it."""
    reasons = apps.get_model("ledger", "Reason").objects
    for code, name, effect in REASONS:
        reasons.get_or_create(code=code, defaults={"name": name, "effect": effect})


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_stock_imports")]

    operations = [
        migrations.RunPython(add_reasons, migrations.RunPython.noop),
        migrations.AlterModelOptions(
            name="register",
            options={
                "ordering": ["-id"],
                "permissions": [
                    ("adjust_register", "Can say how much there is (manual adjustment)"),
                    ("reverse_register", "Can reverse a document"),
                    ("import_stock", "Can import master data and stock"),
                ],
                "verbose_name": "document",
                "verbose_name_plural": "documents",
            },
        ),
    ]
