# Everything starts here. `make demo` and `make test` need git, make and Python 3.11 or 3.12 only.
.DEFAULT_GOAL := help
PYTHON ?= $(shell for v in python3.12 python3.11 python3; do \
	$$v -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null \
	&& echo $$v && break; done)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/.ready
export OMP_NUM_THREADS ?= 2
export DO_NOT_TRACK = true

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "VigiCell needs Python 3.11 or 3.12 on the PATH (or PYTHON=...)."; exit 2; }
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(RUN) -m pip --disable-pip-version-check check
	@touch $@

install: $(READY) ## set up what everything else needs

demo: $(READY) ## synthetic cohort -> models -> MLflow -> service -> three answers, in minutes
	$(RUN) -m training demo

test: $(READY) check ## everything; what needs an absent system program or cohort skips with its reason
	$(RUN) -m pytest -n 2 --dist worksteal -ra --durations=15

test-fast: $(READY) ## under ten minutes: without the slow journeys
	$(RUN) -m pytest -n 2 --dist worksteal -m "not slow" -q

check: $(READY) ## format, lint, types, import contracts
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

serve: $(READY) ## the service with the release that is live (DEMO=1: synthetic models may answer)
	$(RUN) -m serving serve $(if $(DEMO),--demo)

ui: $(READY) ## the MLflow UI on the runs of this folder
	$(RUN) -m training ui

lock: $(READY) ## resolve requirements.lock anew
	$(RUN) -m uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
		--group dev pyproject.toml -o requirements.lock

clean: ## remove what can be made again; runs, models and the ledger in work/ stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

.PHONY: help install demo test test-fast check serve ui lock clean
