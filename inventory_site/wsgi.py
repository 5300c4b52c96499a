import os

from django.core.wsgi import get_wsgi_application

from inventory_site import embedded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "inventory_site.settings")

if not os.environ.get("REDIS_URL"):
    embedded.redis.use()

application = get_wsgi_application()
