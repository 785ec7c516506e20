# Two commands are enough on a fresh machine with Python 3.11 or newer: `make dev` and `make test`.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# One worker process per core; each brings its own PostgreSQL and Valkey.
WORKERS ?= $(shell $(PYTHON) -c "import os; print(min(4, os.cpu_count() or 1))")

.PHONY: help dev test lint check coverage chaos bench replay fix schema lock clean
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

dev: $(READY) ## The whole product on this machine, with a demo day 60 times faster than life.
	@exec $(BIN)/bauhaus dev

test: $(READY) ## Every test, on real PostgreSQL and Valkey.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

lint: $(READY) ## Format, lint, types, import contracts, schema snapshot.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bauhaus schema | diff schema.graphql -

check: lint test ## All that CI runs.

coverage: $(READY) ## The tests again, with the coverage of travel/.
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --cov=travel --cov-branch --cov-report=term

chaos: $(READY) ## Kill, freeze and starve everything, and count at Twilio's side (SEED=n repeats a run).
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MESSAGES),--messages $(MESSAGES))

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

schema: $(READY) ## Write schema.graphql anew from the code.
	$(BIN)/bauhaus schema > schema.graphql

lock: $(READY) ## Pin all dependencies anew, with hashes and without any index address (needs uv).
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras --quiet --upgrade --extra sandbox --extra dev -o requirements/dev.txt
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-strip-extras --quiet -c requirements/dev.txt -o requirements/base.txt
	echo setuptools | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet -c requirements/dev.txt -o requirements/build.txt

clean: ## Remove what the other commands made.
	rm -rf .venv .bauhaus .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build *.egg-info
