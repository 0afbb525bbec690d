# make demo: train the course's models on a server of its own. make test: everything CI runs.
.DEFAULT_GOAL := help
.PHONY: help setup demo test fast pythons test-cpus tools check bare storm responsive hostile fuzz screenshots lab-speed lock clean

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The environment stays as it is until PYTHON is given and is of another version.
ifeq ($(origin PYTHON),file)
VERSION := $(patsubst $(VENV)/python-%.stamp,%,$(firstword $(wildcard $(VENV)/python-*.stamp)))
endif
VERSION := $(or $(VERSION),$(shell $(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null))
PYTHON_STAMP := $(VENV)/python-$(VERSION).stamp
# Tests without a browser and without a second environment: what another Python may break.
FAST := tests/core tests/service tests/test_architecture.py tests/test_docs.py tests/test_documents.py tests/test_models_doc.py
# Each Python that pythons runs them on; by default the oldest and the newest of this machine.
PYTHONS = $(shell $(PYTHON) tests/pythons.py --ends)
export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 13

setup: $(VENV)/run.stamp  ## make .venv with what running needs, and .venv/bin/postgrad
	@echo "$(BIN)/postgrad is ready"

demo: $(VENV)/run.stamp  ## train on a temporary server and compare with the course's figures
	@$(BIN)/postgrad demo $(DEMO)

# Six files at a time, on two cores too: for a good part of their time tests wait (tests/groups.py).
PYTEST := $(BIN)/python -m pytest -q -n 6

test: $(VENV)/dev.stamp .venv-mlflow/client.stamp check tools  ## run all checks and tests
	@$(PYTEST)

fast: check  ## run all checks, and the tests that need no browser
	@$(PYTEST) $(FAST)

pythons:  ## run make fast on the oldest and the newest Python of this machine (PYTHONS="python3.12 …" for others)
	@for python in $(PYTHONS); do echo "$$python:"; \
	  $(MAKE) --no-print-directory PYTHON=$$python VENV=.venv-$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])') fast || exit 1; done

tools: $(VENV)/dev.stamp  ## get the programs that tests run, Chromium among them: by apt as root, else by Playwright
	@$(BIN)/python -m tests.tools

check: $(VENV)/dev.stamp  ## lint, types, import rules
	@$(BIN)/ruff format --check --quiet . || (echo "run: $(BIN)/ruff format ." && false)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@report=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$report"; false; }

test-cpus: tools  ## run the numeric tests as on each processor that this one can stand in for
	@$(BIN)/python -m tests.cpus

bare:  ## run make demo and make test on bare Debian 12 and 13, in a chroot (needs root and Linux; BARE="bookworm trixie")
	@tests/bare/run.sh

storm: $(VENV)/dev.stamp  ## kill workers and servers for some minutes; every run must end with the same bits
	@POSTGRAD_STORM_KILLS=$${KILLS:-300} $(BIN)/python -m pytest -q -s tests/faults/test_kill_storm.py

responsive: $(VENV)/dev.stamp  ## measure small requests beside the costliest of each route (ROUTE=evaluate for one; SECONDS_EACH=4)
	@$(BIN)/python -m tests.responsiveness $(ROUTE)

hostile: $(VENV)/dev.stamp  ## send hostile requests at a server with 1 GiB of memory, which they must not end (GIGABYTES=4 SEED=random)
	@GIGABYTES=$(GIGABYTES) SEED=$(SEED) $(BIN)/python -m tests.responsiveness.little_memory

fuzz: $(VENV)/dev.stamp  ## send hostile requests made from the OpenAPI document (CASES=20000 SEQUENCES=1000 SEED=random)
	@CASES=$(CASES) SEQUENCES=$(SEQUENCES) SEED=$(SEED) $(BIN)/python -m tests.fuzz.campaign

lab-speed: tools  ## measure the Lab over 1,000 runs and 100,000 points
	@$(BIN)/python -m tests.browser.measure

screenshots: tools  ## take the pictures of the Lab in docs/pictures anew
	@$(BIN)/python -m tests.browser.screenshots

.PHONY: bench wrk
wrk:
	@command -v wrk >/dev/null || { echo "the benchmark needs wrk. On Debian or Ubuntu: apt-get install wrk" >&2; false; }

bench: wrk .venv-bench/bench.stamp .venv-mlserver/peer.stamp .venv-mlflow-server/peer.stamp  ## measure beside PyTorch, JAX, scikit-learn, MLServer and MLflow
	@.venv-bench/bin/python -m bench $(BENCH)

lock:  ## renew requirements.lock and requirements-dev.lock (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra build \
	  pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --extra build \
	  --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	echo mlflow-skinny | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  - -o tests/clients/mlflow-requirements.txt

clean:  ## remove the environment and caches
	rm -rf $(VENV) .venv-3.* .venv-bench .venv-mlserver .venv-mlflow .venv-mlflow-server .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(PYTHON_STAMP):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "postgrad needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())' 2>/dev/null || echo 'no Python that runs here'). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; false; }
	@rm -rf $(VENV)
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { rm -rf $(VENV); \
	  echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv, then make $(MAKECMDGOALS) again" >&2; false; }
	@touch $@

$(VENV)/run.stamp: requirements.lock pyproject.toml $(PYTHON_STAMP)
	@echo "installing what running needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements-dev.lock $(VENV)/run.stamp
	@echo "installing what testing needs …"
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv-mlflow/client.stamp: tests/clients/mlflow-requirements.txt | $(PYTHON_STAMP)  # apart: its pins are not ours
	@echo "installing MLflow's client …"
	@$(PYTHON) -m venv .venv-mlflow
	@.venv-mlflow/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

.venv-bench/bench.stamp: bench/requirements.txt requirements.lock pyproject.toml
	@echo "installing what the benchmark needs (1.8 GB) …"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check -r bench/requirements.txt
	@.venv-bench/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv-%/peer.stamp: bench/http/requirements-%.txt
	@echo "installing $* in an environment of its own (0.5 to 0.8 GB) …"
	@$(PYTHON) -m venv .venv-$*
	@.venv-$*/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@
