from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Collect the texts of Python and templates into locale/*/LC_MESSAGES/django.po, and compile those."
    requires_system_checks = []

    def handle(self, *args, **options):
        from inventory_site import texts  # needs what only developers have

        for path in texts.catalogues():
            catalogue = texts.brought_up_to_date(path)
            texts.write(path, catalogue)
            missing = sum(1 for message in catalogue if message.id and not texts.translated(message))
            self.stdout.write(f"{catalogue.locale}: {len(catalogue)} texts, {missing} to translate")
