from contextlib import suppress

from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry


class ForgivingRedisCache(RedisCache):
    """A cache that is empty while Redis is down: pages become slower, none of them breaks."""

    def __init__(self, server, params):
        params.setdefault("OPTIONS", {}).setdefault("retry", Retry(NoBackoff(), 0))
        super().__init__(server, params)

    def get(self, key, default=None, version=None):
        with suppress(RedisError):
            return super().get(key, default, version)
        return default

    def get_many(self, keys, version=None):
        with suppress(RedisError):
            return super().get_many(keys, version)
        return {}

    def add(self, *args, **kwargs):
        with suppress(RedisError):
            return super().add(*args, **kwargs)
        return False

    def set(self, *args, **kwargs):
        with suppress(RedisError):
            super().set(*args, **kwargs)

    def set_many(self, data, *args, **kwargs):
        with suppress(RedisError):
            return super().set_many(data, *args, **kwargs)
        return list(data)

    def touch(self, *args, **kwargs):
        with suppress(RedisError):
            return super().touch(*args, **kwargs)
        return False

    def delete(self, *args, **kwargs):
        with suppress(RedisError):
            return super().delete(*args, **kwargs)
        return False

    def delete_many(self, *args, **kwargs):
        with suppress(RedisError):
            super().delete_many(*args, **kwargs)

    def has_key(self, *args, **kwargs):
        with suppress(RedisError):
            return super().has_key(*args, **kwargs)
        return False
