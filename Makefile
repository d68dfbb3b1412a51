# make demo            sets up one backend and paints a picture (BACKEND=torch, tf or keras)
# make test            sets up every backend and runs the checks, the tests and a sixth of the long tests
# make test-long       runs all long tests
# make fast            runs the tests that take seconds
# make check           runs ruff and mypy
# make test-machines   runs the numeric tests as on other processors, and with an older NumPy
# make wheel           builds the package

PYTHON  ?= python3
VENV    ?= .venv
BACKEND ?= torch
BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
COMMA   := ,
EXTRA   := $(subst :,$(COMMA),$(subst :tensorflow,,$(BACKEND)))
DEMO    := demo-$(subst :,-,$(BACKEND)).png
WORKERS := -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder
PYTEST  := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -rs $(WORKERS)

.PHONY: demo test test-long tested-weights fast test-machines check wheel clean

demo: $(VENV)/$(EXTRA)
	$(BIN)/nst run sample:coffee sample:night -o $(DEMO) --backend $(BACKEND) --size 384

test: $(VENV)/all check tested-weights
	$(PYTEST)

test-long: $(VENV)/all tested-weights
	NST_PART=1/1 $(PYTEST) -m long

tested-weights: $(VENV)/all
	$(BIN)/nst weights fetch vgg16-caffe
	$(BIN)/nst weights fetch vgg16-hed

fast: $(VENV)/all
	$(BIN)/python -m pytest -m "not slow"

test-machines: $(VENV)/all
	$(BIN)/python tests/machines.py

check: $(VENV)/all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(VENV)/all
	$(BIN)/python -m build --wheel

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/all: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) "pip>=25.1" # the first that knows dependency groups
	$(PIP) -e ".[all]" --group dev
	@touch $@

$(VENV)/%: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PIP) -e ".[$*]"
	@touch $@

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache
