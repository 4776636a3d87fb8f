# Everything a newcomer needs: `make demo` and `make test` set up what they use. Python 3.11 or newer and make are enough.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test bench coverage docs ci clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## make .venv with the pinned dependencies

demo: $(READY) ## run the example study into the folder demo/
	@rm -rf demo
	$(BIN)/cytoproc run example_fcs --out demo

test: $(READY) ## check format, lint, types and imports, and run the everyday tests
	@echo "== format" && $(BIN)/ruff format --check .
	@echo "== lint" && $(BIN)/ruff check .
	@echo "== types" && $(BIN)/mypy
	@echo "== imports" && $(BIN)/lint-imports
	@echo "== tests" && $(BIN)/pytest -n 2 -m "not slow"

bench: $(READY) ## measure speed and memory, printed as a table
	$(BIN)/python -m benchmarks.run

coverage: $(READY) ## measure how often the intervals hold the truth, printed as a table
	$(BIN)/python -m benchmarks.coverage

docs: $(READY) ## build the documentation into docs/_build/html
	@rm -rf docs/_build docs/reference/api
	$(BIN)/sphinx-build --quiet -W --keep-going -b html docs docs/_build/html
	@echo "open docs/_build/html/index.html"

ci: ## run everything that decides whether a change may land
	bash .ci/run

clean: ## remove what was generated, except .venv
	rm -rf demo build dist docs/_build docs/reference/api
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find cytoproc tests docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

# The mark is younger than what it was made from, so a changed dependency is installed and an unchanged one is not.
$(READY): pyproject.toml constraints.txt cytoproc/version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "cytoproc needs Python 3.11 or newer, but '$(PYTHON)' is not. Name another: make setup PYTHON=python3.12" >&2; exit 1; }
	@echo "== setting up .venv (a minute or two, once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,dev,docs]'
	@touch $@
