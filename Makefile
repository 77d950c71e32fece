# Each target sets up what it needs: uv (installed into .tools when missing), Python 3.13, the locked environment.

UV_VERSION := 0.13.8
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --locked --quiet

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-16s %s\n", $$1, $$2}'

.tools/bin/uv:
	python3 -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.PHONY: run
run: $(UV) ## Play real bars through the pipeline on this machine (ARGS="--help" lists the options)
	@$(RUN) --group local argo run $(ARGS)

.PHONY: test
test: $(UV) ## All tests that need no Docker
	$(RUN) --group dev pytest --cov --cov-report=term $(ARGS)
	$(RUN) --group dev coverage report --include='*/argo/domain/*' --fail-under=95

.PHONY: check
check: $(UV) ## Format, lint, types, layering, template, generated docs
	$(RUN) --group dev ruff format --check .
	$(RUN) --group dev ruff check .
	$(RUN) --group dev mypy
	$(RUN) --group dev lint-imports
	$(RUN) --group dev cfn-lint template.yaml
	$(RUN) --group dev argo docs --check
	$(UV) lock --check

.PHONY: format
format: $(UV) ## Format the code and sort its imports
	$(RUN) --group dev ruff check --fix .
	$(RUN) --group dev ruff format .

.PHONY: docs
docs: $(UV) ## Write the tables in docs/ that are generated from the code
	$(RUN) --group dev argo docs
