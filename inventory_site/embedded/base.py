from django.db.backends.postgresql import base

from inventory_site import embedded


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's PostgreSQL, with the server started before the first connection."""

    def get_new_connection(self, conn_params):
        embedded.postgres.use()
        return super().get_new_connection(conn_params)
