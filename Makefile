# Works on a machine that has only Python 3.11 or later and make: everything else goes to .venv.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# The first interpreter that is new enough and can make virtual environments.
FIND_PYTHON = for p in "$$PYTHON" python3 python3.13 python3.12 python3.11 python; do \
	[ -n "$$p" ] && "$$p" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo "$$p" && break; done

# The benchmarks have an environment of their own, so that no peer can disturb a test.
BENCH_VENV := .venv-bench
# Options of the benchmarks, such as --quick.
BENCH ?=

WORKERS ?= 2
COVERAGE_MIN ?= 97
# What `make coverage` asks of dsl and engine, lines and branches together.
COVERAGE_GOAL ?= 97

# `make crash`: how long processes are killed on each database, and by which seed.
SECONDS ?= 300
SEED ?= 1

export PIP_DISABLE_PIP_VERSION_CHECK = 1
# pyright looks for a newer version of itself unless it is told not to.
export PYRIGHT_PYTHON_IGNORE_WARNINGS = 1

.PHONY: help venv demo test coverage check fmt fuzz crash bench bench-runtime clean

help:
	@echo "make demo      see policies decide on actions of a simulated business"
	@echo "make test      all tests, with the coverage of dsl and engine"
	@echo "make check     lint, format, types, layout"
	@echo "make coverage  all tests, then the uncovered lines; fails under $(COVERAGE_GOAL) %"
	@echo "make fmt       format the Python code"
	@echo "make fuzz      the property tests, with many more examples"
	@echo "make crash     processes killed at every failpoint, and at random (SECONDS=300 SEED=1)"
	@echo "make bench     the benchmarks, into docs/benchmarks.md (BENCH=--quick for a short run)"
	@echo "make bench-runtime  those of the runtime, into docs/benchmarks-runtime.md; needs PostgreSQL"
	@echo "make clean     remove what the others made"

venv: $(STAMP)

$(STAMP): pyproject.toml
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo "Python 3.11 or later with its venv module is needed (on Debian: python3-venv)." >&2; \
		echo "Name one with: make PYTHON=/path/to/python3 ..." >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || "$$python" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

demo: $(STAMP)
	@$(BIN)/gatewright demo

# `coverage run` rather than pytest's own option: Gatewright's plugin is imported before pytest-cov
# would start to measure. The workers of xdist are measured by coverage's subprocess patch.
test: $(STAMP)
	@$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n $(WORKERS) --dist worksteal
	@$(BIN)/coverage combine --quiet
	@printf 'coverage of dsl and engine, lines and branches, in %%: '
	@$(BIN)/coverage report --format=total --fail-under=$(COVERAGE_MIN)

coverage: test
	$(BIN)/coverage report --fail-under=$(COVERAGE_GOAL)

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy gatewright tests
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -q tests/test_layout.py

fmt: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# How many pairs of a policy set and an action `make fuzz` compares.
PAIRS ?= 200000

fuzz: $(STAMP)
	$(BIN)/python -m tests.properties.pairs --pairs $(PAIRS) --seed $(SEED)
	HYPOTHESIS_PROFILE=full $(BIN)/python -m pytest -m hypothesis -n $(WORKERS) --dist worksteal

crash: $(STAMP)
	$(BIN)/python -m tests.engine.runtime.kill matrix
	$(BIN)/python -m tests.engine.runtime.kill pause
	$(BIN)/python -m tests.engine.runtime.kill loop --seconds $(SECONDS) --seed $(SEED)

bench: $(BENCH_VENV)/.installed
	$(BENCH_VENV)/bin/python -m benchmarks $(BENCH)

# The database test on 127.0.0.1:5432, or what GATEWRIGHT_BENCH_POSTGRES names.
bench-runtime: $(STAMP)
	$(BIN)/python -m benchmarks.runtime $(BENCH)

# Each peer by itself: one that cannot be installed is left out, and the report says so.
$(BENCH_VENV)/.installed: pyproject.toml benchmarks/requirements.txt
	@python=$$($(FIND_PYTHON)); [ -n "$$python" ] || { \
		echo "Python 3.11 or later with its venv module is needed." >&2; exit 1; }; \
	[ -x $(BENCH_VENV)/bin/python ] || "$$python" -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet --editable .
	@grep -v '^#' benchmarks/requirements.txt | while read -r peer; do \
		$(BENCH_VENV)/bin/python -m pip install --quiet "$$peer" \
		|| echo "left out of the benchmarks: $$peer" >&2; done
	@touch $@

clean:
	rm -rf $(VENV) $(BENCH_VENV) build dist *.egg-info .coverage .coverage.* htmlcov
	rm -rf .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
