"""Counters who save once a second, over HTTP at a web server of its own, as in production."""

import http.client
import secrets
import socket
import statistics
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from counting.benchmark.product import Product
from counting.management.commands.demo import PATIENCE, Process, answers, collect_static, commands, environment, stop
from inventory_site.environment import database_url

HOST = "127.0.0.1"
SECONDS = 10  # how long the counters save


def saves_of(counters: int, *, quants: int) -> tuple[float, float]:
    """(median, 95th percentile) in milliseconds of a whole save, from the request to the last byte of its answer.

    In a session over so many quants that was opened just now. The first save of each counter, which compiles templates
    and connects to the database, is left out.
    """
    product = Product()
    product.prepare(quants)
    product.post()
    product.open()
    lines = [pk for pk, _ in product.lines()]
    with served() as port:
        counting = [Counter(product, lines, number, port) for number in range(counters)]
        for counter in counting:
            counter.start()
            time.sleep(1 / counters)
        for counter in counting:
            counter.join()
    if failed := [counter.failure for counter in counting if counter.failure]:
        raise RuntimeError(failed[0])
    took = sorted(seconds for counter in counting for seconds in counter.took)
    return 1000 * statistics.median(took), 1000 * took[int(len(took) * 0.95)]


class Counter(threading.Thread):
    """One person and their device: a connection that stays open, a save once a second."""

    def __init__(self, product, lines, number, port):
        super().__init__()
        self.session, self.lines, self.number = product.session.number, lines, number
        self.web = http.client.HTTPConnection(HOST, port, timeout=30)
        self.took, self.failure = [], None
        client, token = Client(), secrets.token_hex(16)
        client.force_login(product.user)
        login = client.cookies[settings.SESSION_COOKIE_NAME].value
        self.headers = {
            "HX-Request": "true",
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"{settings.SESSION_COOKIE_NAME}={login}; {settings.CSRF_COOKIE_NAME}={token}",
            "X-CSRFToken": token,
        }

    def run(self):
        for second in range(SECONDS + 1):
            began = time.perf_counter()
            status = self.save(second)
            seconds = time.perf_counter() - began
            if status != HTTPStatus.OK:
                self.failure = f"A save was answered with {status}."
                break
            if second:
                self.took.append(seconds)
            time.sleep(max(0, 1 - seconds))
        self.web.close()

    def save(self, second):
        line = self.lines[(self.number * 7919 + second * 31) % len(self.lines)]
        said = urlencode({"quantity": second + 1, "client_id": uuid4()})
        self.web.request("POST", reverse("count-set", args=[self.session, line]), said, self.headers)
        answer = self.web.getresponse()
        answer.read()
        return answer.status


@contextmanager
def served():
    """The web server of the demonstration on the database that is measured; its port."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    surroundings = environment(HOST) | {"DATABASE_URL": database_url(connection.settings_dict)}
    web = Process("bench-web", commands(HOST, port)["web"], surroundings)
    collect_static(surroundings)
    try:
        web.start()
        ends = time.monotonic() + PATIENCE
        while not answers(HOST, port):
            if web.ended() or time.monotonic() > ends:
                raise RuntimeError(web.last_words())
            time.sleep(0.2)
        yield port
    finally:
        stop([web])
