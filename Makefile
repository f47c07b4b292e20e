# Text Manager. `make help` says what there is.

VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
DATA ?= .data/demo

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

# Unpacked only: what is used is compiled when it is first used, which is a fraction of it all.
# Where Python is told to keep nothing of that, each process would compile it all anew: 2 s each.
unexport PYTHONDONTWRITEBYTECODE
PIP := $(BIN)/python -m pip install --no-compile

COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	--no-strip-extras --no-emit-index-url

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-reset test faults bench docs-screenshots lint format lock browser

help: ## Say what there is
	@echo "make ..."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-14s %s\n", $$1, $$2}'

setup: $(VENV)/.development ## Install everything into .venv, nothing else

demo: $(VENV)/.runtime ## Try it: PORT=9000 and DATA=folder choose where
	@$(BIN)/textmanager demo --port $(PORT) --data-dir "$(DATA)"

demo-reset: $(VENV)/.runtime ## Empty the demo
	@$(BIN)/textmanager demo-reset --data-dir "$(DATA)"

test: setup lint ## Check and test everything
	$(BIN)/pytest -n 3 --dist worksteal

faults: setup ## Everything in a storm of faults: SEED=7 FAULTS=100 choose which
	SEED=$(SEED) FAULTS=$(or $(FAULTS),100) $(BIN)/pytest tests/faults -s

bench: $(VENV)/.bench ## Measure what is fast, beside what others would do
	@for bench in text prepare send receipts pages; do $(BIN)/python -W ignore -m bench.$$bench || exit 1; done

docs-screenshots: setup ## Take the pictures of docs/guide/ anew, in Chromium
	$(BIN)/python tests/guide_screenshots.py

lint: setup ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: setup ## Put the code into shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## Pin the newest versions that pyproject.toml allows
	$(COMPILE) --upgrade --output-file requirements/runtime.txt pyproject.toml
	$(COMPILE) --upgrade --output-file requirements/dev.txt --extra dev \
		--constraints requirements/runtime.txt pyproject.toml
	$(COMPILE) --upgrade --output-file requirements/bench.txt --extra bench \
		--constraints requirements/dev.txt pyproject.toml
	echo setuptools | $(COMPILE) --output-file requirements/build.txt --no-annotate \
		--constraints requirements/dev.txt -

browser: ## Install Chromium for the browser tests (Debian and its kin, as root)
	apt-get update -q
	apt-get install -q -y --no-install-recommends chromium

# A broken download leaves no stamp, and the next make takes up where it was.
$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3 python; do \
		if $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "Creating $(VENV) with $$($$python --version)"; \
			exec $$python -m venv $(VENV); \
		fi; \
	done; \
	echo "Text Manager needs Python 3.11 or later with its venv module: install it (on Debian: apt install python3-venv), then run make again." >&2; \
	exit 1

$(VENV)/.runtime: requirements/build.txt requirements/runtime.txt pyproject.toml | $(BIN)/python
	@echo "Installing what Text Manager needs to run (about a minute, once)"
	$(PIP) --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.development: requirements/dev.txt $(VENV)/.runtime
	@echo "Installing what its tests need besides"
	$(PIP) --require-hashes --no-build-isolation -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.runtime
	@echo "Installing what the benches compare with"
	$(PIP) --require-hashes -r requirements/bench.txt
	@touch $@
