# `make help` lists the targets. Each makes the virtual environment it needs and installs from the lock by itself.
PYTHON ?= python3
JOBS   ?= 4
STORIES ?= 6
TMPDIR ?= /tmp

VENV := .venv
BIN  := $(VENV)/bin
RUN  := $(VENV)/.installed-run
DEV  := $(VENV)/.installed-dev
HFT  := .venv-hft
FILL := $(HFT)/.installed
DEMO := build/demo

PYTEST  := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal
INSTALL := -m pip install --quiet --disable-pip-version-check
LOCKED  := $(INSTALL) --require-hashes --only-binary :all: --requirement
PROJECT := $(INSTALL) --no-deps --no-build-isolation --editable .
UNMET   := { echo "make: the packages locked for this could not be installed, see above. Without a network nothing can be fetched;" \
	"a Python newer than the locked packages has no builds of them: then make clean, and again with PYTHON=python3.13." >&2; exit 1; }
LOCK    := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --annotation-style line --custom-compile-command "make lock" $(UPGRADE) --extra build

.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help run test test-units test-e2e test-all seek test-fills lint bench wheels schema pictures format lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUN) ## work a long and a short position of an embedded exchange down to zero, and print what it cost
	@rm -rf $(DEMO)/state
	$(BIN)/vibe-quant run --config config/demo.yaml --until-flat --state $(DEMO)/state

lint: $(DEV) ## format, lint, types and import contracts
	$(BIN)/ruff format --check src tests
	$(BIN)/ruff check src tests
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint test-e2e test-units ## everything that must hold before a commit is pushed

test-units: $(DEV) ## all but the stories of the whole program, with the gates of coverage
	$(PYTEST) -m "not slow" --ignore=tests/e2e --cov --cov-report=
	@$(BIN)/coverage report --skip-covered --include='src/vibe_quant/domain/*,src/vibe_quant/core/*' --fail-under=100
	@$(BIN)/coverage report --skip-covered --omit='src/vibe_quant/domain/*,src/vibe_quant/core/*' --fail-under=90

test-e2e: $(DEV) ## the whole program against the exchange in a box; its stories wait more than they compute
	$(BIN)/python -m pytest -n $(STORIES) -m "not slow" tests/e2e

test-all: lint ## as test, with the long suites whole
	$(PYTEST) --ignore=tests/e2e
	$(BIN)/python -m pytest -n $(STORIES) tests/e2e

seek: $(DEV) ## look for examples that break a law, other ones at each run
	VQ_SEEK=1000 $(PYTEST) -m "hypothesis and not slow" --ignore=tests/e2e

test-fills: ## the fill model against hftbacktest (Python 3.11 to 3.13, an environment of its own)
	@if $(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then \
		$(MAKE) --no-print-directory $(FILL) && \
		$(HFT)/bin/python -m pytest -rs --capture=no tests/sim/test_hftbacktest_agreement.py; \
	else echo "skipped: hftbacktest is built for Python 3.11 to 3.13, this is $$($(PYTHON) -V)"; fi

bench: $(RUN) ## nanoseconds an event, and the live program: CPU, tick to order, many symbols, memory, the start
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/decoding.py
	$(BIN)/python tests/bench/served.py
	$(BIN)/python -m tests.bench.live

wheels: $(RUN) ## build/wheels: every locked package, for a host without a network (deploy/systemd/install.sh --wheels)
	$(BIN)/python -m pip download --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--dest build/wheels --requirement requirements.txt

schema: $(RUN) ## write config/config.schema.json from the models
	$(BIN)/python -m vibe_quant.config.json_schema config/config.schema.json

pictures: $(DEV) ## take the README's pictures of the running program (Chromium, a font that has Chinese)
	$(BIN)/python -m tests.pictures

format: $(DEV) ## lay out the code and mend what ruff can mend
	$(BIN)/ruff format src tests
	$(BIN)/ruff check --fix src tests

lock: $(DEV) ## compile the three locks from pyproject.toml (UPGRADE=--upgrade for newer versions)
	$(LOCK) --extra test --extra clients --extra dev --output-file requirements-dev.txt
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt
	$(LOCK) --extra test --extra hftbacktest --output-file requirements-hftbacktest.txt

clean: ## remove the virtual environments, caches and what make run wrote
	rm -rf .venv .venv-hft build .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/pyvenv.cfg $(HFT)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "make: vibe-quant needs Python 3.11 or newer, $(PYTHON) is not. Name another: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(@D)

$(RUN): requirements.txt pyproject.toml | $(VENV)/pyvenv.cfg
	@$(BIN)/python $(LOCKED) $< || $(UNMET)
	@$(BIN)/python $(PROJECT)
	@touch $@

# The development lock holds every pin of the runtime lock, so that it serves make run as well.
$(DEV): requirements-dev.txt pyproject.toml | $(VENV)/pyvenv.cfg
	@$(BIN)/python $(LOCKED) $< || $(UNMET)
	@$(BIN)/python $(PROJECT)
	@touch $(RUN) $@

$(FILL): requirements-hftbacktest.txt pyproject.toml | $(HFT)/pyvenv.cfg
	@$(HFT)/bin/python $(LOCKED) $< || $(UNMET)
	@$(HFT)/bin/python $(PROJECT)
	@touch $@
