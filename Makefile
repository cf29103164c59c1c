# The two commands that everybody needs are `make demo` and `make test`: each sets up its own virtual environment.
PYTHON  ?= $(shell command -v python3.11 || command -v python3)
VENV    ?= .venv
BIN     := $(VENV)/bin
STAMP   := $(VENV)/.installed
WORKERS ?= auto
DATA    ?= ../shared/data
RESULTS ?= bench-results
PEERS   ?=

.PHONY: help demo test lint check bench clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("hybrid-index needs Python 3.11 or newer, found " + sys.version.split()[0] + "; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(STAMP)  ## index a bundled pattern: a table on the screen, a picture in demo.png
	$(BIN)/hybrid-index index examples/demo_pattern.xye --plot demo.png

test: $(STAMP)  ## all tests and doctests
	$(BIN)/python -m pytest -n $(WORKERS) -q

lint: $(STAMP)  ## ruff, mypy and the arrow of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## everything that CI runs

bench: $(STAMP)  ## us beside other programs, accuracy on measured patterns, speed of commands and enumerator (20 minutes)
	@mkdir -p $(RESULTS)
	$(BIN)/python -m benchmarks.peers --data $(DATA) --page benchmarks/RESULTS.md --out benchmarks/RESULTS.json $(PEERS)
	@if [ -d $(DATA) ]; then \
	  $(BIN)/python -m benchmarks.accuracy --set experimental --workers 2 --data $(DATA) --out $(RESULTS)/accuracy.json; \
	else echo "accuracy: skipped, the folder of measured data ($(DATA)) is absent; name one with DATA="; fi
	$(BIN)/python -m benchmarks.enumerator > $(RESULTS)/enumerator.json
	$(BIN)/python -m benchmarks.speed --out $(RESULTS)/speed.json

clean:  ## remove the virtual environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist demo.png $(RESULTS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
