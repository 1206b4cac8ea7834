# `make` alone prints what there is.
.DEFAULT_GOAL := help
.PHONY: help demo test quick lint check format lock docs picture clean
.DELETE_ON_ERROR:

PYTHON ?= python3
JOBS ?= 2
BIN := .venv/bin
SOURCES := src tests benchmarks docs
export PYTHON

help: ## say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: .venv/demo.stamp ## install what is needed and open the demonstration shop (ARGS="--shop generated")
	@$(BIN)/shopkeeper demo $(ARGS)

test: .venv/dev.stamp ## install what is needed and run the tests (ARGS="-k words")
# A thread a process: the libraries' own threads would only fight over the cores the processes fill.
# As kind as can be: a training that a test starts gives way to others, and would starve beside the tests.
	@nice -n 19 env OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist worksteal $(ARGS)

quick: ## the tests but the slow journeys: under five minutes on two cores
	@$(MAKE) --no-print-directory test ARGS='-m "not slow" $(ARGS)'

lint: .venv/dev.stamp ## format, style, strict types, import contracts, architecture picture, documentation
	$(BIN)/ruff format --check --quiet $(SOURCES)
	$(BIN)/ruff check --quiet $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/picture.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: lint test ## the whole gate: what a change must pass

format: .venv/dev.stamp ## put the code into shape
	$(BIN)/ruff check --quiet --fix --exit-zero $(SOURCES)
	$(BIN)/ruff format --quiet $(SOURCES)

picture: .venv/dev.stamp ## draw docs/architecture.svg from the imports as they are
	$(BIN)/python docs/picture.py

docs: .venv/dev.stamp ## serve the documentation while writing it
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve

COMPILE := build/lock/bin/uv pip compile pyproject.toml --extra demo --group build \
  --generate-hashes --universal --python-version 3.11 --no-header --no-emit-index-url --quiet

lock: ## write the lock files anew, keeping versions that still fit (ARGS=--upgrade)
	@[ -x build/lock/bin/uv ] || { $(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv; }
	$(COMPILE) $(ARGS) --output-file requirements/demo.lock
	$(COMPILE) $(ARGS) --extra encoders --extra postgresql --extra mysql --group deep --group dev --output-file requirements/dev.lock

clean: ## remove what was made here, demonstration shops included
	rm -rf .venv build dist site demo-shop demo-shop-* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.venv/dev.stamp: requirements/weights.lock
.venv/%.stamp: requirements/%.lock pyproject.toml
	@requirements/install.sh $*
	@touch $@
