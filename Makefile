# Every command of the project. Targets set PATH themselves: there is no need to activate .venv for them.
PYTHON ?= python3
STACK := dev
export PATH := $(CURDIR)/.venv/bin:$(PATH)
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | while IFS=$$'\t' read -r target text; do
		printf '  make %-14s %s\n' "$$target" "$$text"
	done

.PHONY: demo
demo: setup sandbox-up ## the whole way: set-up, a cloud on this machine, pulumi up, training, a report
	@pulumi stack select --create $(STACK)
	pulumi up --stack $(STACK) --yes --skip-preview
	python scripts/train.py --stack $(STACK)
	echo "Next: pulumi config set supernodes 4 && pulumi up   (after: . .venv/bin/activate)"
	echo "At the end: make clean"

.PHONY: setup
setup: ## tools and packages that are missing, nothing else
	@"$(PYTHON)" -m tools.setup

.PHONY: sandbox-up sandbox-down sandbox-status
sandbox-up: setup ## an OpenNebula cloud on this machine (sandbox/), as a front end with a bastion
	@python -m sandbox up
sandbox-down: ## remove that cloud with all its machines
	@python -m sandbox down
sandbox-status: ## what it runs
	@python -m sandbox status

.PHONY: test
test: setup lint types test-unit test-contract test-app test-e2e ## all checks and tests

.PHONY: lint types
lint: .venv/bin/ruff ## style and format (ruff)
	ruff check .
	ruff format --check .
types: .venv/bin/mypy ## types (mypy)
	mypy

.PHONY: test-unit test-contract test-app test-e2e
test-unit: .venv/bin/pytest ## under 30 s, without Docker and network
	pytest -n 2 tests/unit
test-contract: setup ## the sandbox against recordings of OpenNebula, the plugins against Pulumi's CLI
	pytest tests/contract
test-app: setup ## the Flower app, where torch is: inside the SuperNode image
	tests/app/run
test-e2e: setup ## the whole federation, deployed on a sandbox of its own
	pytest tests/e2e

.venv/bin/ruff .venv/bin/mypy .venv/bin/pytest:
	@"$(PYTHON)" -m tools.setup

.PHONY: clean
clean: ## destroy the dev stack and its cloud, stop all that runs, and prove it
	@"$(PYTHON)" -m tools.clean --stack $(STACK)
