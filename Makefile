# Every command of the template; `make` alone lists them. The generated project has a Makefile of its own.

PROJECT := {{cookiecutter.project_slug}}
VENV ?= .venv
BUILD ?= build

# Absolute, because most commands go on in another folder. Caches stay out of the template: what lies in it would be generated.
VENV_DIR := $(abspath $(VENV))
BUILD_DIR := $(abspath $(BUILD))
PY := $(VENV_DIR)/bin/python
LOCKS := requirements.lock $(PROJECT)/requirements-dev.lock $(wildcard $(PROJECT)/services/*/requirements.lock)
SOURCES := $(abspath $(wildcard $(PROJECT)/libs/*/src $(PROJECT)/services/*/src))
DEMO := $(BUILD_DIR)/demo

empty :=
space := $(empty) $(empty)
$(if $(findstring $(space),$(CURDIR)),$(error This folder's path holds a space, which make cannot handle: move the folder))
PACKAGE_PATH := $(subst $(space),:,$(SOURCES))
export PYTHONPYCACHEPREFIX := $(BUILD_DIR)/cache/bytecode
export PYTHONDONTWRITEBYTECODE := # as in the project's Makefile
export RUFF_CACHE_DIR := $(BUILD_DIR)/cache/ruff
export MYPY_CACHE_DIR := $(BUILD_DIR)/cache/mypy
PYTEST := $(PY) -m pytest -o cache_dir="$(BUILD_DIR)/cache/pytest"

# The project's own commands, un-rendered and in place, on the environment of this repository.
IN_PLACE = PYTHONPATH="$(PACKAGE_PATH)" $(MAKE) --no-print-directory -C "$(PROJECT)" \
	VENV="$(VENV_DIR)" CACHE="$(BUILD_DIR)/cache" -o "$(VENV_DIR)/.setup-done"

.DEFAULT_GOAL := help
.PHONY: help demo new test test-project test-bench test-template lint fmt bench bench-rag lock clean

help: # the list that `make` alone prints
	@awk 'BEGIN { FS = ":.*## " } /^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ See it

demo: $(VENV_DIR)/.generate-ready ## generate the default project, run it and show a model's whole life (ONCE=1 stops at the end)
	@rm -rf "$(DEMO)" && mkdir -p "$(DEMO)"
	@echo "Generating the default project in $(DEMO)" >&2
	@$(PY) -m cookiecutter . --default-config --no-input --output-dir "$(DEMO)" >/dev/null
	@sh tools/demo.sh "$(DEMO)/my-ai-platform" "$(BUILD_DIR)/demo-venv" $(ONCE)

new: $(VENV_DIR)/.generate-ready ## generate a project of your own: answers a few questions, writes it into OUT (default: ..)
	@$(PY) -m cookiecutter . --output-dir "$(or $(OUT),..)"

##@ Check it

test: test-project test-bench test-template ## all tests; those that need Docker are skipped by name where there is none

test-project: $(VENV_DIR)/.test-ready ## the project itself, un-rendered: style, contracts, types, tests, coverage
	@$(IN_PLACE) check

test-bench: $(VENV_DIR)/.test-ready ## the measuring program (it times nothing)
	@cd benchmarks && $(PYTEST) -q

test-template: $(VENV_DIR)/.test-ready ## questions, hooks and baked projects (ARGS='-k name -x' is handed to pytest)
	@$(PYTEST) $(ARGS)

lint: $(VENV_DIR)/.test-ready ## style and types of the template and of the project
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy hooks tests
	@$(IN_PLACE) lint contracts typecheck

fmt: $(VENV_DIR)/.test-ready ## repair style
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	@$(IN_PLACE) fmt

##@ Measure and maintain

bench: $(VENV_DIR)/.test-ready ## measure beside what you would use instead (ARGS=--help)
	@cd benchmarks && PYTHONPATH="$(PACKAGE_PATH):$(CURDIR)/benchmarks" $(PY) -m bench --build "$(BUILD_DIR)/bench" $(ARGS)

bench-rag: $(VENV_DIR)/.test-ready ## the same for the rag service (ARGS='--only search --rounds 1')
	@cd benchmarks && PYTHONPATH="$(PACKAGE_PATH):$(CURDIR)/benchmarks" $(PY) -m bench.rag --build "$(BUILD_DIR)/bench" $(ARGS)

lock: $(VENV_DIR)/.test-ready ## resolve all dependencies anew, of the template and of the project (KEEP=1 keeps what fits)
	@$(IN_PLACE) lock
	@$(MAKE) --no-print-directory -C benchmarks locks VENV="$(VENV_DIR)"
	$(PY) -m uv pip compile requirements.in --output-file requirements.lock --quiet $(if $(KEEP),,--upgrade) --universal \
		--python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
		--exclude-newer "$$($(PY) -c 'import datetime as d; print(d.date.today() - d.timedelta(days=7))')" \
		$(patsubst %,--constraint %,$(filter-out requirements.lock,$(LOCKS)))

clean: ## delete the environment, the caches and the demo
	rm -rf "$(VENV_DIR)" "$(BUILD_DIR)"

# What generating needs is small; what testing needs is everything that the project uses.
$(VENV_DIR)/.generate-ready: requirements.lock $(PROJECT)/requirements-uv.lock
	@sh "$(PROJECT)/scripts/setup.sh" "$(VENV_DIR)" requirements.lock
	@touch "$@"

$(VENV_DIR)/.test-ready: $(LOCKS) $(PROJECT)/requirements-uv.lock
	@sh "$(PROJECT)/scripts/setup.sh" "$(VENV_DIR)" $(LOCKS)
	@touch "$@" "$(VENV_DIR)/.generate-ready"
