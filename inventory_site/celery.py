import os

from celery import Celery
from celery.signals import beat_init, celeryd_init, setup_logging

from inventory_site import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inventory_site.settings")

app = Celery("truecount")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
@beat_init.connect
def use_embedded_redis(**kwargs):
    if not os.environ.get("REDIS_URL"):
        embedded.redis.use()


@setup_logging.connect
def keep_django_logging(**kwargs):
    """Celery leaves logging alone as soon as somebody listens here: settings.LOGGING stays in force."""
