# Two commands are enough on a fresh machine with Python 3.11 or newer: `make dev` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# One worker process per core; each brings its own PostgreSQL and Valkey.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count() or 1))")

# The reference clients and the linters of the schema; they need Node.
CLIENTS := tests/clients/node_modules/.ready
# What schema.graphql must not break; a branch is compared by SCHEMA_BASE=origin/main.
SCHEMA_BASE ?= HEAD

.PHONY: help dev test test-portal lint graph-lint portal-lint clients check coverage chaos fuzz bench replay fix schema lock clean
.DEFAULT_GOAL := help

help: ## Say what each command does.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 16

$(READY): requirements/dev.txt requirements/realdays.txt pyproject.toml
	@$(PYTHON) -c "import sys; sys.exit('Bauhaus Travel needs Python 3.11 or newer.' if sys.version_info < (3, 11) else 0)"
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-compile --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --no-build-isolation --require-hashes -r requirements/realdays.txt
	$(BIN)/python -m pip install --quiet --no-compile --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(CLIENTS): tests/clients/package-lock.json
	cd tests/clients && npm ci --ignore-scripts
	@touch $(CLIENTS)

dev: $(READY) ## The whole product on this machine, with a demo day 60 times faster than life.
	@exec $(BIN)/bauhaus dev

test: $(READY) clients ## Every test, on real PostgreSQL and Valkey.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not browser"

# Playwright's own browsers are not used: a system's Chromium is kept up to date by the system.
test-portal: $(READY) clients ## The portal in a real browser, over the real stack; installs a Chromium where it may.
	@set -e; chromium="$${CHROMIUM:-$$(command -v chromium chromium-browser google-chrome | head -1)}"; \
	if test -z "$$chromium" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null; then \
	echo "Installing Chromium."; { apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium; } >/dev/null || true; \
	chromium="$$(command -v chromium || true)"; fi; \
	if test -z "$$chromium"; then echo "Skipped: the portal's tests need a Chromium (CHROMIUM=/path/to/it)."; test -z "$$CI"; \
	else CHROMIUM="$$chromium" $(BIN)/python -m pytest -m browser tests/portal; fi

lint: $(READY) ## Format, lint, types, import contracts, schema snapshot.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bauhaus schema | diff schema.graphql -
	@$(MAKE) --no-print-directory graph-lint portal-lint

portal-lint: clients ## Check the types of the portal's modules.
	@if test ! -e $(CLIENTS); then echo "Skipped: the portal's types are not checked without Node."; test -z "$$CI"; \
	else tests/clients/node_modules/.bin/tsc -p server/portal/tsconfig.json; fi

graph-lint: clients ## Lint schema.graphql, and refuse what breaks its clients.
	@test ! -e $(CLIENTS) || tests/clients/node_modules/.bin/eslint --config tests/clients/eslint.config.mjs schema.graphql
	@if test ! -e $(CLIENTS); then echo "Skipped: the schema is not linted without Node."; \
	elif ! git cat-file -e $(SCHEMA_BASE):schema.graphql 2>/dev/null; then echo "Skipped: no $(SCHEMA_BASE) to compare the schema with."; \
	else tests/clients/node_modules/.bin/graphql-inspector diff git:$(SCHEMA_BASE):schema.graphql schema.graphql; fi

# Without Node the rest of the house can still be built and tested; in CI (CI=1) nothing is skipped.
clients: ## The Node packages of the reference clients, where there is Node.
	@if ! command -v npm >/dev/null; then echo "Skipped: the reference clients need Node 20 or newer."; test -z "$$CI"; \
	else $(MAKE) --no-print-directory --silent $(CLIENTS) || { echo "Skipped: npm cannot install the reference clients."; test -z "$$CI"; }; fi

check: lint test test-portal ## All that CI runs.

coverage: $(READY) ## The tests again, with the coverage of travel/.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not browser" --cov=travel --cov-branch --cov-report=term

chaos: $(READY) ## Kill, freeze and starve everything; count at Twilio's side, and what streams brought (SEED=n repeats a run).
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MESSAGES),--messages $(MESSAGES))

fuzz: $(READY) ## Broken, odd and hostile input at a real server, then schemathesis at another (SEED=n repeats a run, INPUTS=n and DOCUMENTS=n for more or fewer).
	$(BIN)/python -m tests.fuzz $(if $(SEED),--seed $(SEED)) $(if $(INPUTS),--inputs $(INPUTS)) $(if $(DOCUMENTS),--documents $(DOCUMENTS))

bench: $(READY) ## Measure the numbers of the design, both sides of each ratio in one run.
	$(BIN)/python -m benchmarks

# A quiet day, one of mass delays, one of mass cancellations; any other day of 2013 by DAYS=2013-12-10.
DAYS ?= 2013-10-02 2013-07-01 2013-02-08

replay: $(READY) ## Play real days through the whole system: what was told, how late, at what cost (DAYS=… for others).
	$(BIN)/python -m sandbox.realdays .bauhaus/days $(DAYS)
	for day in $(DAYS); do echo; echo "$$day"; $(BIN)/bauhaus replay .bauhaus/days/$$day.flights.jsonl --travellers .bauhaus/days/$$day.travellers.jsonl --report .bauhaus/days/$$day.report.json --ledger .bauhaus/days/$$day.ledger.jsonl || exit 1; done

fix: $(READY) ## Format and mend what a machine can mend.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schema: $(READY) ## Write schema.graphql anew from the code, and the portal's types from it.
	$(BIN)/bauhaus schema > schema.graphql
	$(BIN)/python -m tests.portal.typed

lock: $(READY) ## Pin all dependencies anew, with hashes and without any index address (needs uv).
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras --quiet --upgrade --extra sandbox --extra dev -o requirements/dev.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras --quiet -c requirements/dev.txt -o requirements/base.txt
	echo setuptools | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -c requirements/dev.txt -o requirements/build.txt

clean: ## Remove what the other commands made.
	rm -rf tests/clients/node_modules .venv .bauhaus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .schemathesis build *.egg-info
