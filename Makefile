# make run   the sample site: environment, first build, preview on this machine, watching content/
# make test  the environment with everything tests need, and all tests
# make bench      the benchmarks, a quick run of a few minutes
# make bench-full the benchmarks at full size, up to an hour; its tables are kept in docs/performance.md
# Nothing has to be installed first but Python 3.11 or newer (with its venv module), git and make. Another Python than the first one that is
# found: make run PYTHON=/usr/bin/python3

VENV  := .venv
BIN   := $(VENV)/bin
PORT  ?= 8000
JOBS  ?= 3
PIP   := $(BIN)/python -m pip --disable-pip-version-check --quiet

.DEFAULT_GOAL := help
.PHONY: help run test bench bench-full
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: $(VENV)/.installed
	@$(BIN)/publisher watch --serve $(PORT)

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

bench: $(VENV)/.installed-test
	@$(BIN)/python -m bench $(ARGS)

bench-full: $(VENV)/.installed-test
	@$(BIN)/python -m bench --full --output .bench/tables.md $(ARGS)

# The stamps are newer than pyproject.toml when what it asks for is installed: then nothing is done here.

$(BIN)/python:
	@sh .ci/make-venv $(VENV) $(PYTHON)

$(VENV)/.installed: pyproject.toml | $(BIN)/python
	@echo "必要なものを $(VENV) に入れています（初回だけ、1分ほど）…"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml | $(BIN)/python
	@echo "試験に必要なものを $(VENV) に入れています（初回だけ、数分）…"
	@$(PIP) install --editable '.[test]'
	@touch $(VENV)/.installed $@
