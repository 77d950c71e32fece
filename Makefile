# Each target sets up what it needs: uv (installed into .tools when missing), Python 3.13, the locked environment.

UV_VERSION := 0.13.8
UV := $(or $(shell command -v uv),.tools/bin/uv)
RUN := $(UV) run --locked --quiet
export SAM_CLI_TELEMETRY := 0
# Where it is set, as in many images, every process compiles every module anew.
unexport PYTHONDONTWRITEBYTECODE
SAM := $(RUN) --group local --group sam sam

ARCHITECTURE := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
IMAGE := public.ecr.aws/lambda/python:$(shell cat .python-version)-$(ARCHITECTURE)
# Where the runtime's image is here already, it is not asked for again: some machines reach no registry.
PULL = $(shell docker image inspect $(IMAGE) >/dev/null 2>&1 && echo --skip-pull-image)

FUNCTION ?= ExecuteArgoFunction
EVENT ?= events/execute-batch.json
ENVIRONMENT ?= dev
STACK ?= argo-$(ENVIRONMENT:%-at-once=%)

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
	$(RUN) --group dev pytest -n auto --cov --cov-report=term --cov-fail-under=95 $(ARGS)

.PHONY: test-deep
test-deep: $(UV) ## What `make test` leaves out: the other cases of its matrices, more examples of every property, what is dear
	$(RUN) --group dev pytest -n auto -m 'deep or prop' --hypothesis-profile deep $(ARGS)

.PHONY: test-faults
test-faults: $(UV) ## The two fault matrices alone, with their tables: every answer of the broker by every crash, of AWS by every call
	$(RUN) --group dev pytest -m '' tests/faults $(ARGS)

.PHONY: failures
failures: $(UV) ## The tests that are named after known failures, and how each row of docs/failures.md stands
	$(RUN) --group dev pytest -n auto -p tests.failures $(ARGS)

# Its wheels are for some platforms only, so it is not in the lock.
.PHONY: fuzz
fuzz: $(UV) ## Fuzz every door of the code by coverage, a minute each (ARGS="--seconds 600 bars_file")
	$(RUN) --group dev --with atheris==3.1.0 python -m tests.fuzz.guided $(ARGS)

# mutmut wants a newer click than aws-sam-cli takes, so it is not in the lock.
.PHONY: mutants
mutants: $(UV) ## Change the rules at 200 places, and see whether a test notices (ARGS="--seed 3 --count 200 --write")
	@$(RUN) --group dev --with mutmut==3.8.1 python -m tests.mutants $(ARGS)

DYNALITE := .tools/dynalite/node_modules/.bin/dynalite

$(DYNALITE):
	npm install --no-save --no-audit --no-fund --ignore-scripts --prefix .tools/dynalite dynalite@4.0.0

.PHONY: test-dynalite
test-dynalite: $(UV) $(DYNALITE) ## The ledger's tests on a second emulator, where they need no transaction (needs npm)
	$(RUN) --group dev pytest -m 'dynalite and not transaction' tests/contract $(ARGS)

.PHONY: simulate
simulate: $(UV) ## A thousand seeds of faults on virtual time, every rule checked (ARGS="--seeds 100 --from 5000")
	@$(RUN) --group local argo simulate $(or $(ARGS),--seeds 1000)

.PHONY: prove
prove: $(UV) ## Catch every wrong policy with the fault simulation, and write docs/proof.md (minutes)
	@$(RUN) --group local argo simulate --mutants --seeds 200 --write

# checkov pins a hundred packages and would rule the lock: it has an environment of its own, which uv keeps.
CHECKOV := $(UV) tool run --quiet --python 3.13 --exclude-newer 2026-11-20 --from checkov==3.3.30 checkov
PIP_AUDIT := $(UV) tool run --quiet --python 3.13 --exclude-newer 2026-11-20 --from pip-audit==2.10.1 pip-audit
# What looks like a secret and is none: ids that are derived, an example's API, a sample's checksum. The filter that is
# off takes whatever follows `"key_id":` on a line for an id, and so every key in the parameter store's own form.
NO_SECRETS := --exclude-files '^uv\.lock$$' --exclude-lines '"(apiId|domainPrefix|md5OfBody)"' \
  --exclude-lines '"digest": "[0-9a-f]{64}"$$' \
  --exclude-secrets '^(argo-\w+-)?[0-9a-fA-F]{23,24}(-\w+)?$$' --exclude-secrets '^(id|secret|local|none)$$' \
  --disable-filter detect_secrets.filters.heuristic.is_likely_id_string

.PHONY: check
check: $(UV) ## Format, lint, types, layering, template, its accounts and its security, secrets, generated docs
	$(RUN) --group dev ruff format --check .
	$(RUN) --group dev ruff check .
	$(RUN) --group dev mypy
	$(RUN) --group dev lint-imports
	$(RUN) --group dev cfn-lint template.yaml
	$(RUN) --group dev argo template --check
	$(RUN) --group dev argo docs --check
	$(UV) lock --check
	@$(MAKE) --no-print-directory secrets
	$(CHECKOV) --file template.yaml --framework cloudformation --skip-download --compact --quiet

.PHONY: secrets
secrets: $(UV) ## Look for secrets in everything that is or would be committed
	@git ls-files -z --cached --others --exclude-standard | \
	  xargs -0 $(RUN) --group dev detect-secrets-hook $(NO_SECRETS)

.PHONY: audit-dependencies
audit-dependencies: $(UV) ## Look every locked package up in PyPI's list of vulnerabilities (needs the network)
	@mkdir -p .argo
	$(UV) export --quiet --locked --no-emit-project --all-groups --output-file .argo/requirements.txt
	@$(PIP_AUDIT) --disable-pip --require-hashes --requirement .argo/requirements.txt --format json \
	  --progress-spinner off >.argo/audit.json || true # It exits with 1 for a vulnerability: what it wrote is judged.
	@$(RUN) python .ci/audited.py <.argo/audit.json

.PHONY: format
format: $(UV) ## Format the code and sort its imports
	$(RUN) --group dev ruff check --fix .
	$(RUN) --group dev ruff format .

.PHONY: template
template: $(UV) ## Write template.yaml, and what else follows from it, for the accounts of argo.toml
	$(RUN) --group dev argo template
	$(RUN) --group dev argo docs

.PHONY: docs
docs: $(UV) ## Write the tables in docs/ that are generated from the code
	$(RUN) --group dev argo docs

.PHONY: bench
bench: $(UV) ## Measure cold start, batches, requests and CPU as ratios against their bounds (ARGS="cpu batch")
	@UV=$(abspath $(UV)) $(RUN) --group dev python -m benchmarks $(ARGS)

.PHONY: build
build: $(UV) ## Build the layer and the functions for this machine's architecture
	$(SAM) build --parameter-overrides Architecture=$(ARCHITECTURE)

.PHONY: serve
serve: $(UV) ## Serve AWS and a simulated broker to containers, until Ctrl-C
	@$(RUN) --group local argo serve --host docker $(ARGS)

.PHONY: invoke
invoke: build ## Invoke a built function in a container (FUNCTION=... EVENT=...), beside `make serve` or alone
	@$(if $(wildcard .argo/sam-env.json),,$(RUN) --group local --group sam argo serve --host docker --) \
	  $(SAM) local invoke $(FUNCTION) --event $(EVENT) --env-vars .argo/sam-env.json --region us-east-1 \
	  --parameter-overrides Architecture=$(ARCHITECTURE) $(PULL)

.PHONY: sam-test
sam-test: $(UV) ## Build, then invoke every function in a container and check what it did (needs Docker)
	@docker info >/dev/null || { echo "make sam-test needs Docker" >&2; exit 1; }
	@$(MAKE) --no-print-directory build
	$(RUN) --group dev --group sam pytest -n 2 --dist loadfile -m sam tests/sam $(ARGS)

.PHONY: deploy-local
deploy-local: build ## Deploy everything onto an AWS emulator on this machine and make it trade there
	@$(RUN) --group local --group sam python -m worlds.rehearsal

.PHONY: deploy
deploy: $(UV) ## Deploy to AWS (ENVIRONMENT=dev or prod), then send a dry run through it
	$(SAM) build --config-env $(ENVIRONMENT)
	$(SAM) deploy --config-env $(ENVIRONMENT)
	@$(MAKE) --no-print-directory smoke

.PHONY: smoke
smoke: $(UV) ## Send a dry run through a deployed stack (ENVIRONMENT=dev or prod, or STACK=...): it can never order
	@$(RUN) --group local argo smoke --stack $(STACK)
