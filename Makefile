# `make` or `make help` lists the targets.
# Variables: PYTHON=... names the interpreter for .venv; VOICE_SERVER_MODELS_DIR=... another models directory.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

BIN := .venv/bin
INSTALLED := .venv/.installed
CHROMIUM := /usr/bin/chromium
CONFORMANCE_NODE := $(if $(shell command -v npm),tests/conformance/webrtc_node/node_modules/.installed)
PIP := $(BIN)/python -m pip --disable-pip-version-check

# The newest that runs, is 3.11 or newer, and can make an environment that has pip.
find_python = for python in $(or $(PYTHON),python3.13 python3.12 python3.11 python3); do \
	"$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	python=; done

.PHONY: help setup run test check web-check e2e conformance cluster-demo cluster-test docs constraints clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(INSTALLED) ## .venv with everything, and the default models; quick when there is nothing to do
	@$(BIN)/voice-server models fetch

run: setup ## the server
	@exec $(BIN)/voice-server serve

test: setup ## all tests
	@$(BIN)/pytest

check: $(INSTALLED) ## style, types, and the architecture
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/architecture

web-check: node_modules/.bin/tsc ## the web client's types and tests; needs Node.js
	npm run --silent check
	npm run --silent test

e2e: setup .venv/.e2e ## the page in a real Chromium; pictures in artefacts/e2e
	@[ -x $(CHROMIUM) ] || { [ "$$(id -u)" = 0 ] && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } \
		|| { echo "This needs Chromium. Debian: apt-get install chromium. Or: make e2e CHROMIUM=/path/to/it"; exit 1; }
	VOICE_E2E=1 CHROMIUM=$(CHROMIUM) $(BIN)/pytest tests/e2e $(E2E_ARGS)

cluster-demo: setup ## Redis, two servers and nginx in front; Ctrl-C ends all
	@exec $(BIN)/voice-server cluster

cluster-test: setup ## the same, and the server that speaks is killed
	VOICE_CLUSTER=1 $(BIN)/pytest tests/cluster $(CLUSTER_ARGS)

conformance: setup .venv-conformance/.installed $(CONFORMANCE_NODE) ## clients that no one here wrote, against a real server
	@VOICE_CONFORMANCE=1 OPENAI_AGENTS_DISABLE_TRACING=1 .venv-conformance/bin/pytest tests/conformance \
		--confcutdir tests/conformance --override-ini filterwarnings= $(CONFORMANCE_ARGS)

docs: $(INSTALLED) ## docs/reference anew, where it is generated from the code
	@$(BIN)/voice-server docs

constraints: ## constraints.txt anew, from a clean install of the newest versions
	@rm -rf .venv-constraints
	@$(find_python); "$$python" -m venv .venv-constraints
	@.venv-constraints/bin/python -m pip install --quiet '.[test,bench,talk,e2e,telemetry]'
	@{ sed -n '/^#/p' constraints.txt; .venv-constraints/bin/python -m pip freeze --exclude voice-server; } \
		> constraints.new && mv constraints.new constraints.txt
	@rm -rf .venv-constraints

clean: ## remove what was made here, but not the models
	rm -rf .venv .venv-conformance .venv-constraints node_modules build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find voice_server tests -name __pycache__ -type d -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(PIP) --version >/dev/null 2>&1 || { $(find_python); \
		if [ -z "$$python" ]; then \
			echo "This needs Python 3.11 or newer with its venv module, and none of these is:" \
				"$(or $(PYTHON),python3.13 python3.12 python3.11 python3)"; \
			echo "Debian 12, Ubuntu 24.04: apt-get install python3 python3-venv.  macOS: brew install python@3.12"; \
			echo "It has another name? make setup PYTHON=/path/to/python3.12"; \
			exit 1; \
		fi; \
		"$$python" -m venv --clear .venv; }
	@echo "Installing into .venv ($$($(BIN)/python --version)); a minute or two the first time"
	@$(PIP) install -qq --upgrade pip
	@$(PIP) install -qq --constraint constraints.txt --editable '.[test]'
	@touch $@

tests/conformance/webrtc_node/node_modules/.installed: tests/conformance/webrtc_node/package-lock.json
	@npm ci --silent --no-audit --no-fund --prefix $(dir $<)
	@touch $@

.venv-conformance/.installed: tests/conformance/requirements.txt tests/conformance/constraints.txt
	@.venv/bin/python -m venv --clear .venv-conformance
	@echo "Installing other people's clients into .venv-conformance; a minute or two"
	@.venv-conformance/bin/python -m pip --disable-pip-version-check install -qq \
		--constraint tests/conformance/constraints.txt --requirement tests/conformance/requirements.txt
	@touch $@

.venv/.e2e: $(INSTALLED)
	@$(PIP) install --quiet --constraint constraints.txt --editable '.[test,e2e]'
	@touch $@

node_modules/.bin/tsc: package.json
	@npm install --silent --no-package-lock --no-audit --no-fund
	@touch $@
