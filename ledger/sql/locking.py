"""The locks of posting, and who has them."""

LOCK_LOCATIONS = """
    SELECT id, directed FROM warehouse_location WHERE id = ANY(%(locations)s) ORDER BY id FOR NO KEY UPDATE
"""

# Who posts where is written on the connection (application_name), because what is not committed cannot be read.
WHO_POSTS_HERE = """
    SELECT split_part(application_name, ' ', 2) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE ANY(%(patterns)s)
     ORDER BY xact_start LIMIT 1
"""
