# Verbs of the house. Each sets up what it needs and works when repeated.
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: lint test
lint: ; $(BIN)/ruff format --check src tests && $(BIN)/ruff check src tests && $(BIN)/mypy && $(BIN)/lint-imports
test: lint ; $(BIN)/pytest -q
