# `make demo` and `make test` do all their own set-up; run again, they do what is left.
PYTHON ?= python3.11
export BENTOML_DO_NOT_TRACK := True
export PATH := $(CURDIR)/.venv/bin:$(PATH)
INSTALLED := .venv/installed

.PHONY: demo test proof check params help

help:
	@echo "make demo    train the ensemble on the embedded data set, evaluate and package it"
	@echo "make test    lint, types, and every test but the long ones (20 minutes at most)"
	@echo "make proof   the long tests (90 minutes at most)"
	@echo "make params  compose conf/ into params.yaml"

demo: $(INSTALLED)
	dvc repro
	@python -m osteon.summary --ensemble artifacts/ensemble/ensemble.json \
	  --metrics artifacts/evaluate/headline.json --report artifacts/report/report.html

test: $(INSTALLED) check
	pytest --numprocesses 2 --no-loadscope-reorder

proof: $(INSTALLED)
	pytest -m proof

check: $(INSTALLED)
	ruff check
	mypy

params: $(INSTALLED)
	python -m osteon.composition

$(INSTALLED): requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) not found; install Python 3.11, or name one: make PYTHON=python3"; exit 1; }
	test -x .venv/bin/python || $(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check "$$(grep -o '^uv==[^ ]*' requirements/dev.txt)"
	VIRTUAL_ENV=$(CURDIR)/.venv uv pip sync --compile-bytecode requirements/dev.txt
	VIRTUAL_ENV=$(CURDIR)/.venv uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@
