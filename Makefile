# Needs Python 3.11 or newer with pip, and make. Everything else is installed into .venv from pinned requirements.
PYTHON ?= python3
BIN := .venv/bin
HOST ?= 127.0.0.1
PORT ?= 8000
QUANTS ?= 5000

.PHONY: help demo test bench lint texts requirements

help:
	@echo "make demo          run everything with a demonstration warehouse (PORT=8000 HOST=127.0.0.1 QUANTS=5000)"
	@echo "make test          run all tests (ARGS='tests/ledger -x')"
	@echo "make lint          style, imports, deployment checks, missing migrations, known vulnerabilities"
	@echo "make bench         measure against the same work in plain SQL (ARGS='--sizes 100000')"
	@echo "make texts         collect what is to be translated into locale/, and compile it"
	@echo "make requirements  pin the newest versions that pyproject.toml allows (needs uv)"

demo: .venv/installed
	@$(BIN)/python manage.py demo --host $(HOST) --port $(PORT) --quants $(QUANTS) $(ARGS)

# A process for each core, each with a database of its own. ARGS="-n 0 --pdb" runs them one after the other.
test: .venv/installed-dev
	@$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist worksteal $(ARGS)

bench: .venv/installed-dev
	@$(BIN)/python manage.py bench $(ARGS)

lint: export DEBUG = 0
lint: export SECRET_KEY = only-for-the-checks-of-make-lint-and-long-enough-to-please-them
lint: export ALLOWED_HOSTS = example.com
lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports
	$(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python .ci/audit.py

texts: .venv/installed-dev
	@$(BIN)/python manage.py texts

requirements:
	uv pip compile --upgrade $(COMPILE) --output-file requirements.txt
	uv pip compile --upgrade $(COMPILE) --group dev --constraint requirements.txt --output-file requirements-dev.txt

COMPILE = pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header

# The pip of $(PYTHON) installs into .venv: Debian's Python cannot put one inside.
INSTALL = $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check --require-hashes

.venv/installed-dev: requirements-dev.txt .venv/installed
	@echo "Installing the tools for development into .venv ..."
	@$(INSTALL) -r requirements-dev.txt
	@touch $@

.venv/installed: requirements.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Truecount needs Python 3.11 or newer; \
	this is %d.%d. Say which one: make PYTHON=/path/to/python3.12" % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv --without-pip .venv
	@echo "Installing the requirements into .venv ..."
	@$(INSTALL) -r requirements.txt
	@touch $@
