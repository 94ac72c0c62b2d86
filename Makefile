# Needs make and a Python 3.10 or newer with its venv module; everything else is put into .venv.

SHELL := /bin/bash
PYTHON ?= python3
SCALE ?= phase7
CASES ?= 500
SEED ?= $(shell date +%s)
REPEAT ?= 5

OPS := .venv/bin/python -m ops
# Named after the contents of the lock, so that a checkout that only touches the file installs nothing, and after the
# folder, so that one that was moved or copied is made again.
STAMP := .venv/lock-$(shell { cat requirements.lock; cd .venv 2> /dev/null && pwd -P || echo "$$(pwd -P)/.venv"; } | cksum | tr ' ' -)

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup deps demo report docs release rehearse test properties faults bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  SCALE=phase7 (default), full or tiny: how much legacy data make demo works on"
	@echo "  CASES=500 (default), SEED=…: how many cases make properties tries, and which"
	@echo "  REPEAT=5 (default): how often make bench times each way, at SCALE"

setup: $(STAMP) ## make .venv and profiles.yml (an existing profiles.yml is kept)
	@$(OPS) setup

deps: $(STAMP) ## install the dbt packages
	@$(OPS) deps

demo: $(STAMP) ## from nothing to the migrated marts: packages, PostgreSQL, legacy data, dbt build, ledger
	@$(OPS) demo --scale $(SCALE)

release: $(STAMP) ## the production run: build beside what is being read, test, publish, report
	@$(OPS) release

rehearse: deps ## run the cut-over day on two servers of its own, hand-over included; prints each step with its duration
	@$(OPS) rehearse

report: $(STAMP) ## the migration report of the last build, as HTML and Markdown in target/report
	@$(OPS) report

docs: deps ## documentation of what is built, with diagrams and the lineage of every column, in target/docs
	@$(OPS) docs

test: deps ## everything a change must pass
	@.venv/bin/python -m tests.check

properties: deps ## look for dirt in the legacy tables that breaks the build, longer than make test does
	@PROPERTY_CASES=$(CASES) PROPERTY_SEED=$(SEED) .venv/bin/python -m pytest -q tests/python/test_properties.py

faults: deps ## kill servers and releases, fill disks, take tables away: what docs/faults.md tells, in an hour
	@.venv/bin/python -m pytest -q --numprocesses 2 --dist loadfile tests/faults

bench: deps ## how fast this is beside other ways to the same rows: ratios, in target/benchmarks
	@.venv/bin/python -m benchmarks --scale $(SCALE) --repeat $(REPEAT)

lock: $(STAMP) ## renew requirements.lock from pyproject.toml
	@.venv/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.10 --generate-hashes \
	  --no-strip-extras --no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet \
	  --output-file requirements.lock
# Where one package needs another with an extra and a third without it, pip wants both pinned.
	@awk 'function out() { if (b ~ /^[^=]*\[/) { c = b; sub(/\[[^]]*\]/, "", c); printf "%s", c } printf "%s", b; b = "" } \
	  /^[^ ]/ { out() } { b = b $$0 "\n" } END { out() }' requirements.lock > requirements.new
	@mv requirements.new requirements.lock
	@$(MAKE) setup

clean: ## stop the embedded server; delete its data and all that was built, but not .venv and profiles.yml
	@if [ -d .postgres ] && [ -x .venv/bin/python ]; then DISPATCH_PGDATA= $(OPS) server stop; fi
	@rm -rf .postgres target logs dbt_packages .pytest_cache .ruff_cache .hypothesis
	@find ops tests -name __pycache__ -prune -exec rm -rf {} +

$(STAMP):
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON): install Python 3.10 or newer." >&2; exit 1; }
	@$(PYTHON) -I ops/bootstrap.py $(STAMP)
