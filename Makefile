# Two commands matter: `make demo` starts everything, `make test` runs the tests.
# Both make .venv from hash-pinned lock files first and do nothing when all is there.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
INSTALL := UV_LINK_MODE=copy $(UV) pip install --python $(BIN)/python --require-hashes --compile-bytecode
DEMO ?=
KILLS ?= 200
PLAYGROUND ?= --drive

.PHONY: demo test check format lock bench kills goldens pictures playground clean help

help: ## Say what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 12

demo: $(VENV)/.ready ## Start everything on the embedded defaults (DEMO="--port 8300 --data DIR")
	@$(BIN)/python -m bot demo $(DEMO)

test: $(VENV)/.ready-dev ## Run the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.ready-dev ## Lint, types, import contracts, shipped flows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bot flows check flows
	$(BIN)/python -m bot flows test flows

format: $(VENV)/.ready-dev ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

bench: $(VENV)/.ready-dev ## Measure; prints the table of docs/performance.md
	$(BIN)/python -m bench

kills: $(VENV)/.ready-dev ## Kill the product KILLS times along the journey and judge by the ledger
	$(BIN)/python -m tests.journey.kills --count $(KILLS)

goldens: $(VENV)/.ready-dev ## Write what each chat platform gets anew, to be read in the diff
	$(BIN)/python -m tests.adapters.slack.renders
	$(BIN)/python -m tests.adapters.teams.drawing

pictures: $(VENV)/.ready-dev ## Draw every message as each chat platform shows it, into build/pictures
	@if command -v npm >/dev/null && command -v chromium >/dev/null; then \
	    $(BIN)/python -m tests.pictures.slack && $(BIN)/python -m tests.pictures.teams; \
	else echo "SKIPPED: pictures need npm and chromium (apt install npm chromium)" >&2; fi

playground: $(VENV)/.ready-dev ## From hello to the case page in Microsoft's Agents Playground (PLAYGROUND= to stay)
	@if command -v npm >/dev/null && command -v chromium >/dev/null; then \
	    $(BIN)/python -m tests.playground $(PLAYGROUND); \
	else echo "SKIPPED: the playground needs npm and chromium (apt install npm chromium)" >&2; fi

lock: $(UV) ## Pin the newest versions that fit pyproject.toml
	$(UV) pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	    --no-header --python-version 3.11 --group build pyproject.toml -o requirements.lock
	$(UV) pip compile -q --upgrade --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	    --no-header --python-version 3.11 --group build --group dev -c requirements.lock pyproject.toml \
	    -o requirements-dev.lock

clean: ## Remove what make made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

$(UV): requirements-uv.lock
	@echo "1/3 Making $(VENV) with $(PYTHON) …"
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "Keyturn needs Python 3.11 or newer; name one with PYTHON=/path/to/python3.11." >&2; exit 2; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null \
	    || { echo "Python's venv module is missing; on Debian: apt install python3-venv." >&2; exit 2; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || "$(PYTHON)" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	@touch $(UV)

$(VENV)/.ready: $(UV) requirements.lock pyproject.toml
	@echo "2/3 Installing what Keyturn needs (about 90 packages; a minute at most on a usual line) …"
	@$(INSTALL) -r requirements.lock
	@echo "3/3 Putting the keyturn command into $(BIN) …"
	@UV_LINK_MODE=copy $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q bot
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.lock
	@echo "Installing what the tests need …"
	@$(INSTALL) -r requirements-dev.lock
	@touch $@
