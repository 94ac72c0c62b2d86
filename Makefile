# Needs make and Python 3.10 or newer with its venv module; everything else is installed into .venv.

SHELL := /bin/bash
PYTHON ?= python3
SCALE ?= phase7
CASES ?= 5000
STEPS ?= 10000
SEED ?= $(shell date +%s)
REPEAT ?= 3

OPS := .venv/bin/python -m ops
TWO := --numprocesses 2 --dist loadscope
# The name contains a checksum of the contents of the lock and of what installs it, so that touching them installs
# nothing, and of the folder, so that the environment is recreated after the folder was moved or copied.
stamp = $(1)/lock-$(shell { cat $(2) ops/bootstrap.py; cd $(1) 2> /dev/null && pwd -P || echo "$$(pwd -P)/$(1)"; } | cksum | tr ' ' -)
STAMP := $(call stamp,.venv,requirements.lock)
SPARK := .venv-spark/bin/python -m ops spark
SPARK_STAMP := $(call stamp,.venv-spark,requirements-spark.lock)
DJANGO := 3.2 5.2
# Another dbt than the locked one.
DBT ?= 1.12
DBT_STAMP = $(call stamp,.venv-dbt/$(DBT),tests/dbt/$(DBT).lock)
DJANGO_STAMPS := $(foreach version,$(DJANGO),$(call stamp,.venv-django/$(version),tests/django/$(version).lock))

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.PHONY: help setup deps demo report docs release rehearse test check properties histories faults bench spark spark-setup spark-test django-test test-dbt lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  SCALE=phase7 (default), full or tiny: size of the synthetic legacy database"
	@echo "  CASES=5000 (default), SEED=…: number of cases and random seed of make properties"
	@echo "  STEPS=10000 (default), SEED=…: number of steps and random seed of make histories"
	@echo "  REPEAT=3 (default): number of repetitions of make bench, at SCALE"

setup: $(STAMP) ## create .venv and profiles.yml (keeps an existing profiles.yml)
	@$(OPS) setup

deps: $(STAMP) ## install the dbt packages
	@$(OPS) deps

demo: $(STAMP) ## build everything from scratch: packages, PostgreSQL, legacy data, dbt build, ledger
	@$(OPS) demo --scale $(SCALE)

release: $(STAMP) ## production run: build a candidate, test, publish, report
	@$(OPS) release

rehearse: deps ## rehearse the cut-over, hand-over included, on two temporary servers; print the duration of each step
	@$(OPS) rehearse

report: $(STAMP) ## write the migration report of the last build to target/report (HTML, Markdown)
	@$(OPS) report

docs: deps ## write documentation, diagrams and column lineage to target/docs
	@$(OPS) docs

test: deps ## run all checks
	@.venv/bin/python -m tests.check

check: $(STAMP) ## check one model and its children in seconds: make check M=payments
	@[ -d dbt_packages ] || $(OPS) deps
	@.venv/bin/python -m tests.check_model $(M)

properties: deps ## fuzz the legacy data; more cases than make test
	@PROPERTY_CASES=$(CASES) PROPERTY_SEED=$(SEED) .venv/bin/python -m pytest -q $(TWO) tests/python/test_properties.py

histories: deps ## generated histories of releases and hand-overs: more steps than make test, and planted faults
	@HISTORY_STEPS=$(STEPS) HISTORY_SEED=$(SEED) .venv/bin/python -m pytest -q $(TWO) tests/python/test_histories.py
	@.venv/bin/python -m pytest -q tests/histories

faults: deps ## fault-injection tests (docs/faults.md); takes about fifty minutes
	@.venv/bin/python -m pytest -q $(TWO) tests/faults

bench: deps ## benchmark against alternatives; write ratios to target/benchmarks
	@.venv/bin/python -m benchmarks --scale $(SCALE) --repeat $(REPEAT)

spark: $(SPARK_STAMP) ## the demo's data (without any: at tiny) on a local Spark cluster: export, build, compare with PostgreSQL
	@$(SPARK) demo

spark-setup: $(SPARK_STAMP) ## create .venv-spark (1.4 GB) and profiles.yml; never part of the other targets
	@.venv-spark/bin/python -m ops setup

spark-test: $(SPARK_STAMP) ## the tests that need Spark
	@.venv-spark/bin/python -m pytest -q tests/spark

django-test: deps $(DJANGO_STAMPS) ## tables made by Django itself; creates .venv-django (175 MB)
	@.venv/bin/python -m pytest -q tests/django

test-dbt: deps $(DBT_STAMP) ## build at tiny with DBT=1.12, too: the same rows, no warnings; creates .venv-dbt
	@DBT=$(DBT) .venv/bin/python -m pytest -q tests/dbt

lock: $(STAMP) ## renew all lock files from pyproject.toml
	@$(call compile,pyproject.toml --group dev,3.10,requirements.lock)
	@$(call compile,pyproject.toml --group spark,3.11,requirements-spark.lock)
	@$(foreach version,$(DJANGO),$(call compile,--group django-$(version),3.10,tests/django/$(version).lock) && ) true
	@$(call compile,--group dbt-$(DBT),3.10,tests/dbt/$(DBT).lock)
	@$(MAKE) setup

define compile
.venv/bin/uv pip compile $(1) --universal --python-version $(2) --generate-hashes \
  --no-strip-extras --no-emit-index-url --custom-compile-command "make lock" --upgrade --quiet --output-file $(3)
endef

clean: ## stop the embedded server, delete its data and all output; keep .venv and profiles.yml
	@if [ -d .postgres ] && [ -x .venv/bin/python ]; then DISPATCH_PGDATA= $(OPS) server stop; fi
	@if [ -d .spark ] && [ -x .venv-spark/bin/python ]; then DISPATCH_SPARK= $(SPARK) stop; fi
	@rm -rf .postgres .spark target logs dbt_packages .pytest_cache .ruff_cache .hypothesis
	@find ops tests -name __pycache__ -prune -exec rm -rf {} +

$(STAMP):
	@command -v $(PYTHON) > /dev/null || { echo "There is no $(PYTHON): install Python 3.10 or newer." >&2; exit 1; }
	@$(PYTHON) -I ops/bootstrap.py $(STAMP) requirements.lock

# Spark 4.3 needs Python 3.11.
$(SPARK_STAMP):
	@$(PYTHON) -I ops/bootstrap.py $(SPARK_STAMP) requirements-spark.lock 3.11

$(DBT_STAMP):
	@$(PYTHON) -I ops/bootstrap.py $@ tests/dbt/$(DBT).lock

$(DJANGO_STAMPS):
	@$(PYTHON) -I ops/bootstrap.py $@ tests/django/$(notdir $(@D)).lock
