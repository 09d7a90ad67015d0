# Everything here works in .venv, made on first use with the versions in constraints.txt.
#
#   make demo       deploy a built-in trained network to Loihi 2
#   make test       run the tests
#   make help       all the rest

# A Python 3.11, 3.12 or 3.13; `make PYTHON=/path/to/python3.12 demo` takes a certain one.
# Without it, others are looked for where python3 is too old or too new.
PYTHON ?= python3
OTHERS := $(if $(filter file,$(origin PYTHON)),python3.13 python3.12 python3.11)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Tests of a file stay together, for they share what was deployed; more processes would mostly compile the same.
SHARED_OUT := -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder
INSTALL := $(PIP) install --constraint constraints.txt
STAMPS := $(VENV)/stamps
# Libraries whose networks are read; what they ask for is more than what is used of them, see pyproject.toml.
INTEROP := snntorch norse spikingjelly sinabs nirtorch
TORCH := $(shell sed -n 's/^torch==//p' constraints.txt)

# Tests start Python hundreds of times; it need not compile the package each time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: fuzz help reference demo test test-all test-all-pythons test-lowest test-newest lint bench bench-accuracy bench-mapping bench-conversion bench-quantization bench-simulator bench-costs venv venv-torch clean

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 26

demo: $(STAMPS)/base  ## deploy the built-in digits network to Loihi 2; the report lies in build/demo
	$(BIN)/spikeloom deploy digits --target loihi2 --out build/demo --lava-samples 10

test: $(STAMPS)/test $(STAMPS)/interop-tried $(STAMPS)/pynn-tried  ## run the tests, but for the slow ones
	$(BIN)/python -P -m pytest -q $(SHARED_OUT) -m "not slow"

test-all: $(STAMPS)/test $(STAMPS)/interop-tried $(STAMPS)/pynn-tried  ## run all tests
	$(BIN)/python -P -m pytest -q $(SHARED_OUT) --hypothesis-profile=thorough

# TESTS="tests/mapping -k mesh" tests less.
TESTS ?= tests -m "not slow"

test-all-pythons: $(STAMPS)/venv  ## run the tests on every installed Python, 3.11 to 3.13, each in its own environment
	$(BIN)/python tests/environments.py pythons $(SHARED_OUT) $(TESTS)

test-lowest: $(STAMPS)/venv  ## run the tests with the lowest versions of all dependencies that pyproject.toml allows
	$(BIN)/python tests/environments.py lowest $(SHARED_OUT) $(TESTS)

test-newest: $(STAMPS)/venv  ## run the tests with the newest versions of all dependencies
	$(BIN)/python tests/environments.py newest $(SHARED_OUT) $(TESTS)

# FUZZ_FILES=100000 reads more, FUZZ_SEED=1 others; what is not answered as it should be lies in build/fuzz/findings.
FUZZ_FILES ?= 20000
FUZZ_SEED ?= 0

fuzz: $(STAMPS)/test $(STAMPS)/torch-tried  ## read bad files of every kind by the ten thousand
	$(BIN)/python tests/fuzzing/campaign.py --files $(FUZZ_FILES) --seed $(FUZZ_SEED)

lint: $(STAMPS)/lint  ## check style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

reference: $(STAMPS)/base  ## write the pages of docs/ that list the keys of reports, and their JSON Schemas
	$(BIN)/python -m spikeloom.deploy.report_schema docs

bench: bench-accuracy bench-mapping bench-conversion bench-quantization bench-simulator bench-costs  ## run the measurements that the README quotes

bench-accuracy: $(STAMPS)/base
	$(BIN)/python benchmarks/accuracy.py

bench-mapping: $(STAMPS)/base
	$(BIN)/python benchmarks/mapping.py

bench-conversion: $(STAMPS)/base $(STAMPS)/torch-tried
	$(INSTALL) --no-build-isolation -e ".[bench]"
	$(BIN)/python benchmarks/conversion.py

bench-quantization: $(STAMPS)/base $(STAMPS)/torch-tried
	$(INSTALL) --no-build-isolation -e ".[bench]"
	$(BIN)/python benchmarks/quantization.py

# Peers get environments of their own under build/peers.
bench-simulator: $(STAMPS)/base
	$(INSTALL) --no-build-isolation -e ".[bench]"
	$(BIN)/python benchmarks/simulator.py
	$(BIN)/python benchmarks/simulator_scale.py

# SANA-FE gets an environment of its own under build/peers.
bench-costs: $(STAMPS)/base
	$(BIN)/python benchmarks/costs.py

venv: $(STAMPS)/base  ## only make .venv with Spikeloom and Lava in it

venv-torch: $(STAMPS)/base  ## add PyTorch, for training (whichever build pip takes, on Linux several GB)
	$(INSTALL) -e ".[torch]" --no-build-isolation
	@touch $(STAMPS)/torch-tried

clean:  ## remove .venv and everything that was built
	rm -rf $(VENV) build dist spikeloom.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# .venv --------------------------------------------------------------------------------------------------------------

# Finds the interpreter, and says what is missing where there is none that suits.
$(STAMPS)/venv:
	@set -e; \
	suits() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }; \
	found=; \
	for candidate in "$(PYTHON)" $(OTHERS); do \
	    if suits "$$candidate"; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "Spikeloom needs Python 3.11, 3.12 or 3.13, and $(PYTHON) is" \
	        "$$(command -v "$(PYTHON)" >/dev/null && "$(PYTHON)" --version 2>&1 || echo missing)." \
	        "Install one of them, or name it: make PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$("$$found" --version), once; this takes about a minute."; \
	"$$found" -m venv --clear $(VENV) || { \
	    echo "$$found cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@mkdir -p $(STAMPS) && touch $@

# Lava as Intel left it: its metadata admits Python 3.10 only, so that pip has to be told to look away.
$(STAMPS)/base: $(STAMPS)/venv pyproject.toml constraints.txt
	$(INSTALL) setuptools
	$(INSTALL) --no-build-isolation -e ".[lava]"
	$(PIP) install --no-deps --ignore-requires-python lava-nc==0.10.0
	@touch $@

$(STAMPS)/test: $(STAMPS)/base
	$(INSTALL) --no-build-isolation -e ".[test,studies]"
	@touch $@

$(STAMPS)/lint: $(STAMPS)/base
	$(INSTALL) --no-build-isolation -e ".[lint,test]"
	@mkdir -p $(VENV)/lint && ln -sfn ../.. $(VENV)/lint/spikeloom && touch $@

# Tests of training need PyTorch and skip themselves without it. Only its build for the CPU is installed unasked, for
# the other is several GB. First it alone, from PyTorch's own index, then its needs from the usual one: an index that
# cannot be reached would otherwise be asked for each of them.
$(STAMPS)/torch-tried: $(STAMPS)/test
	@if [ "$$(uname -s)" = Linux ]; then \
	    $(PIP) install --no-deps --retries 0 --timeout 15 \
	        --extra-index-url https://download.pytorch.org/whl/cpu "torch==$(TORCH)+cpu" 2>$(STAMPS)/torch.log \
	    && $(INSTALL) "torch==$(TORCH)"; \
	else \
	    $(INSTALL) "torch==$(TORCH)" 2>$(STAMPS)/torch.log; \
	fi || echo "PyTorch's build for the CPU is not to be had here; its tests will be skipped (make venv-torch)."
	@touch $@

# Tests against the spiking libraries skip themselves without them; none of them works without PyTorch.
$(STAMPS)/interop-tried: $(STAMPS)/torch-tried
	@if $(BIN)/python -c "import torch" 2>/dev/null; then \
	    $(INSTALL) --no-build-isolation -e ".[interop]" && $(INSTALL) --no-deps $(INTEROP); \
	fi 2>$(STAMPS)/interop.log || \
	    echo "The spiking libraries are not to be had here; the tests that compare with them will be skipped."
	@touch $@

# Exported scripts are run in NEST, which has wheels for Linux only; without it those tests skip themselves.
$(STAMPS)/pynn-tried: $(STAMPS)/test
	@$(INSTALL) --no-build-isolation -e ".[pynn]" 2>$(STAMPS)/pynn.log \
	    || echo "PyNN and NEST are not to be had here; the tests that run exported scripts will be skipped."
	@touch $@
