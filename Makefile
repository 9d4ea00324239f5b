# The verbs of the house. Each sets up what it needs, and works when repeated.
#
#   make demo    scan and assess real third-party models (under five minutes, first time)
#   make test    lint, types, import contract, tests
#   make bench   measure, beside the peers where they are installed (`make peers`)
#   make soak    long fuzzing, a part of it in each run
#   make docs    write the generated pages; `make docs-check` fails when they lag
#   make models  the libraries of the models under test, in .venv-models (2.0 GB, once)
#   make lock    resolve the requirement locks anew

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := .venv-lock/bin/uv

MODELS := .venv-models
TORCH ?= torch==2.13.0

.PHONY: demo test lint docs docs-check bench peers soak soak-constructs soak-repeats models lock changelog clean

demo: $(VENV)/.assess
	$(BIN)/python tools/demo.py demo-output

test: lint docs-check models
	$(BIN)/pytest -q -n 2 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff format --check src tests tools benchmarks
	$(BIN)/ruff check src tests tools benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.dev
	$(BIN)/python tools/build_docs.py

docs-check: $(VENV)/.dev
	$(BIN)/python tools/build_docs.py --check

# An installation has its byte code; a source tree gets it here, whatever PYTHONDONTWRITEBYTECODE says.
bench: $(VENV)/.dev
	$(BIN)/python -m compileall -q src
	$(BIN)/python benchmarks/run.py

peers: $(VENV)/.dev
	$(BIN)/python benchmarks/peers.py

# Goes on where the last run ended, in build/soak.json; `make soak SEED=7 SHARD=0/4 MINUTES=600`.
# Of one family of readers, in build/soak-onnx.json: `make soak FAMILY=onnx` (names: `soak.families`).
# Mutants of the harmful samples of the tests, in build/constructs.json: `make soak-constructs`.
# A part of each sample repeated up to 100 kB, what takes long kept in build/repeats: `make soak-repeats`.
SEED ?= 2026
SHARD ?= 0/1
MINUTES ?= 60
FAMILY ?=

soak: $(VENV)/.dev
	mkdir -p build
	PYTHONPATH=tests $(BIN)/python -m soak.progress build/soak$(FAMILY:%=-%).json --seed $(SEED) \
	  --shard $(SHARD) --minutes $(MINUTES) $(FAMILY:%=--family %)
	$(if $(FAMILY),,$(BIN)/pytest -q -m soak)

soak-constructs: $(VENV)/.dev
	mkdir -p build
	PYTHONPATH=tests $(BIN)/python -m soak.constructs build/constructs.json --seed $(SEED) \
	  --minutes $(MINUTES)

soak-repeats: $(VENV)/.dev
	PYTHONPATH=tests $(BIN)/python -m soak.repeats build/repeats --seed $(SEED)

changelog: $(VENV)/.dev
	$(BIN)/python tools/changelog.py

# What the program needs to run, and no more.
$(VENV)/.core: requirements/core.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else \
	  "Modelwarden needs Python 3.11 or later; choose one with: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements/core.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q src
	touch $@

# What assessing needs, and the library of the models that the demonstration assesses.
$(VENV)/.assess: $(VENV)/.core requirements/assess.txt
	$(PIP) install --require-hashes -r requirements/assess.txt
	touch $@

$(VENV)/.dev: $(VENV)/.core requirements/dev.txt
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@

# The models under test are opened in their own environment, as those of users are. Where it cannot
# be installed its tests say so and are skipped; with MODELWARDEN_REQUIRE_TOOLS=1 they fail.
# For a build of torch without CUDA where the default has it: make models TORCH='torch==2.13.0+cpu …'
models:
	@test $(MODELS)/.ready -nt requirements/models.txt || $(MAKE) --no-print-directory $(MODELS)/.ready \
	  || echo "the models' libraries could not be installed: tests that open models are skipped" >&2

$(MODELS)/.ready: requirements/models.txt
	test -x $(MODELS)/bin/python || $(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip --disable-pip-version-check --quiet install $(TORCH)
	$(MODELS)/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --require-hashes \
	  -r requirements/models.txt
	sha256sum requirements/models.txt > $@

# Drawing is no part of opening a model.
UNUSED := matplotlib plotly graphviz contourpy cycler fonttools kiwisolver pyparsing pillow

# One universal resolution for all Python versions: markers choose, hashes pin, no address is kept.
LOCK := $(UV) --quiet pip compile --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --no-header

lock:
	test -x $(UV) || { $(PYTHON) -m venv .venv-lock && .venv-lock/bin/python -m pip -q install uv; }
	$(LOCK) --upgrade pyproject.toml requirements/build.in --extra codecs --group lint --group test \
	  -o requirements/dev.txt
	$(LOCK) pyproject.toml requirements/build.in -c requirements/dev.txt -o requirements/core.txt
	$(LOCK) pyproject.toml requirements/build.in requirements/assess.in --extra assess \
	  -c requirements/dev.txt -o requirements/assess.txt
	$(LOCK) --no-deps requirements/demo.in -o requirements/demo.txt
	$(LOCK) --upgrade requirements/models.in $(UNUSED:%=--no-emit-package %) -o requirements/models.txt

clean:
	rm -rf $(VENV) $(MODELS) .venv-lock demo-output build
