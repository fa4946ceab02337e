# The verbs of this project. Each sets up .venv as far as it needs; see tools/env/setup.sh.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-transfer test lint bench clean

py := .venv/bin/python
args ?=
# Bytecode is kept even where the shell forbids it: without it every start takes 10 seconds longer.
export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "Variables: PYTHON=python3.12 (3.11 to 3.13), args='further arguments of pytest or of the benchmark'"

demo: ## pre-train HPM on drawn scenes, then k-NN and pictures (10 minutes on 2 cores, most of it training)
	@tools/env/setup.sh demo
	@tools/demo.sh

demo-transfer: ## from that encoder to boxes, masks and maps on drawn scenes (15 to 20 minutes), with a compiled mmcv (see test)
	@tools/env/setup.sh test
	@tools/demo_transfer.sh

# One process a core, four at most; args='-n 0' runs them in one. Small tensors and many processes: more threads than one
# make the tests slower, above all beside other work.
test: ## the default tests, with a compiled mmcv (the first time on a machine takes 12 minutes more)
	@tools/env/setup.sh test
	OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} $(py) -m pytest -n auto --maxprocesses 4 --dist loadfile $(args)

lint: ## ruff, mypy and the one-way imports
	@tools/env/setup.sh lint
	$(py) -m ruff check .
	$(py) -m ruff format --check .
	$(py) -m mypy
	.venv/bin/lint-imports

bench: ## step times of MAE and HPM beside mmpretrain's MAE
	@tools/env/setup.sh demo
	$(py) tools/benchmark.py $(args)

clean: ## remove .venv, build outputs and caches; data/ and work_dirs/ stay, and compiled wheels in ~/.cache/mimseg too
	rm -rf .venv .venv.installing build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -not -path './data/*' -not -path './work_dirs/*' -prune -exec rm -rf {} +
