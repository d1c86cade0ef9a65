# One command each: `make demo`, `make test`. With another Python, into a folder of
# its own: `make demo PYTHON=python3.12`.
PYTHON ?= python3
VENV ?= .venv$(if $(filter-out python3,$(PYTHON)),-$(notdir $(PYTHON)))
BIN := $(VENV)/bin
export PIP_CONSTRAINT := $(CURDIR)/constraints/newest.txt
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

DEEP := tests/test_netx.py tests/test_netx_descriptions.py tests/test_netx_layers.py tests/apps/slayer tests/test_documentation.py \
  tutorials/07_gradients.ipynb
DEEP_NAMES := netx or slayer or deep or lava_dl or gradients

TUTORIALS := $(patsubst %.ipynb,docs/%.md,$(wildcard tutorials/[0-9]*.ipynb))
SOURCES := $(shell find lava_apps processes -name '*.py')

.PHONY: demo test deep check docs setup wheel oldest nightly bench lava-suite clean

demo: $(VENV)/.core
	$(BIN)/lava-apps demo

# In parallel: each OS process has one thread, or they would wait for each other.
test: $(VENV)/.dev
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbmake --numprocesses auto \
	  --dist worksteal -m 'not alone'
	$(BIN)/python -m pytest -m alone

# Deep networks: the extra `dl`, and what is only tested with it (docs/deep.md).
deep: $(VENV)/.dl
	LAVA_APPS_DEEP=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbmake \
	  --numprocesses auto --dist worksteal $(DEEP) -k "$(DEEP_NAMES)" -m 'not alone'
	LAVA_APPS_DEEP=1 $(BIN)/python -m pytest tests/test_benchmarks.py -k "$(DEEP_NAMES)"

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/collection_guard.py

# The site, in site/: tutorials are run, then built with all else, then names are looked
# for. To read it: `python3 -m http.server --directory site`.
docs: $(VENV)/.docs $(TUTORIALS)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build
	$(BIN)/python tests/docs_guard.py

# Again only when the notebook or the package is newer. A cell that fails ends this.
docs/tutorials/%.md: tutorials/%.ipynb docs/hooks/tutorial.md.j2 $(SOURCES) | $(VENV)/.docs
	$(BIN)/python -m nbconvert --log-level WARN --execute --to markdown \
	  --ExecutePreprocessor.extra_arguments=--log-level=ERROR \
	  --template-file docs/hooks/tutorial.md.j2 --output-dir docs/tutorials $<

# README's set-up without make, literally.
setup: $(VENV)/.dev
	$(BIN)/python tests/setup_guard.py

# The wheel in an empty folder, with a folder `processes` of the user's own in it.
wheel: $(VENV)/.dev
	$(BIN)/python tests/wheel_guard.py

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/runtime.py

# The oldest packages that work, in an environment of their own: a selection of tests, and
# random graphs, which must give the numbers that they give with the newest packages.
OLDEST := .venv-oldest
oldest: $(VENV)/.dev
	$(BIN)/python -m tests.same_numbers write $(CURDIR)/$(VENV)/numbers.json
	test -x $(OLDEST)/bin/python || $(PYTHON) -m venv $(OLDEST)
	PIP_CONSTRAINT=$(CURDIR)/constraints/oldest.txt $(OLDEST)/bin/python -m pip \
	  --disable-pip-version-check --quiet install --editable '.[testing]' \
	  ipykernel nbclient psutil pytest-timeout
	$(OLDEST)/bin/lava-apps setup
	$(OLDEST)/bin/lava-apps demo
	$(OLDEST)/bin/python -m pytest -W default -m 'not alone' tests/compat tests/test_parameters.py \
	  tests/test_graphs.py tests/processes/lif tests/processes/hopfield tests/runtime/test_inline.py \
	  tests/runtime/test_states.py
	$(OLDEST)/bin/python -m tests.same_numbers compare $(CURDIR)/$(VENV)/numbers.json

# Hundreds of random graphs and learning rules that nobody has run before: compiled against
# inline, and inline against stock Lava. `make nightly SEED=...` tries the same ones again.
SEED ?= $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')
nightly: $(VENV)/.dev
	@echo "seed of the random graphs: $(SEED)"
	LAVA_APPS_EXAMPLES=8 OMP_NUM_THREADS=1 $(BIN)/python -m pytest --timeout 3600 \
	  --numprocesses auto --dist worksteal --hypothesis-seed $(SEED) \
	  tests/runtime/compiled/test_equal_to_inline.py tests/runtime/test_equal_to_lava.py \
	  || { echo "to try them again: make nightly SEED=$(SEED)"; exit 1; }

# Lava's own tests of its Processes and of its magma, on the inline runtime (docs/runtime.md).
lava-suite: $(VENV)/.suite
	$(BIN)/python tests/lava_suite.py

$(VENV)/.dl: $(VENV)/.dev
	$(BIN)/lava-apps setup --extra dl
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) install --editable '.[docs]'
	@touch $@

$(VENV)/.suite: $(VENV)/.dev
	$(PIP) install --editable '.[lava-suite]'
	@touch $@

$(VENV)/.core: pyproject.toml constraints/newest.txt lava_apps/compat/lava_apps.pth
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] < (3, 10))' \
	  || { echo "lava-apps needs Python 3.10 or newer: make PYTHON=python3.12 ..."; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@rm -rf lava_apps.egg-info # of setuptools, once: it would hide what is installed
	$(PIP) install --editable .
	$(BIN)/lava-apps setup
	@touch $@

$(VENV)/.dev: $(VENV)/.core
	$(PIP) install --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) $(OLDEST) build dist *.egg-info results site docs/tutorials .pytest_cache .mypy_cache .ruff_cache .hypothesis
