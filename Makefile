# Two commands do everything: `make demo` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# The oldest torch with the interfaces the recipes use; on PyPI mirrors without a CPU
# build, name one with TORCH=...
TORCH ?= torch==2.13.0
# Matrix products here are small and many; library threads only get in their way.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: help demo test test-full test-services lint fuzz zoo zoo-full bench bench-quick calibration bench-speed clean

help:
	@echo "make demo         audit the bundled models, write build/demo.html"
	@echo "make test         linters and the default test suite"
	@echo "make test-full    also what needs torch and transformers"
	@echo "make test-services  also what needs PostgreSQL, an S3 server, workers or a browser"
	@echo "make fuzz         one minute of damaged files against the reader"
	@echo "make calibration  error rates of the exact tests on independent models"
	@echo "make bench-speed  time and memory beside a plain torch script (needs torch)"
	@echo "make zoo          train bundled models that are missing (needs torch)"
	@echo "make zoo-full     train the full zoo into build/zoo-full (needs torch)"
	@echo "make bench        error rates on the full zoo, beside published methods"
	@echo "make bench-quick  the reduced set, held to the committed rates"

$(BIN)/parentage: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/dev.stamp: $(BIN)/parentage
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	@touch $@

$(VENV)/zoo.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet "$(TORCH)"
	$(BIN)/python -m pip install --quiet --editable ".[zoo]"
	@touch $@

$(VENV)/services.stamp: $(VENV)/dev.stamp
	$(BIN)/python -m pip install --quiet --editable ".[services]"
	@touch $@

demo: $(BIN)/parentage
	@mkdir -p build
	$(BIN)/parentage demo --zoo zoo --html build/demo.html

test: $(VENV)/dev.stamp lint
	$(BIN)/python -m pytest -m "not full and not fuzz and not services" -n 2 --dist worksteal

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/translations.py check

test-full: $(VENV)/zoo.stamp
	$(BIN)/python -m pytest -m "full"

# Debian's packages for it: postgresql chromium libpango-1.0-0 libpangoft2-1.0-0
# libharfbuzz-subset0 poppler-utils.
test-services: $(VENV)/services.stamp
	$(BIN)/python -m pytest -m "services" -n 2 --dist worksteal

fuzz: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -m "fuzz"

zoo: $(VENV)/zoo.stamp
	$(BIN)/python -m zoo.recipes.build

zoo-full: $(VENV)/zoo.stamp
	$(BIN)/python -m zoo.full.build

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.accuracy.run

bench-quick: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.accuracy.quick

calibration: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks.calibration.run

bench-speed: $(VENV)/zoo.stamp
	$(BIN)/python -m benchmarks.speed.run --large

clean:
	rm -rf build .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
