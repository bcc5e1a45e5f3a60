# make         install the requirements into .venv, and run the default study
# make test    all tests except those of the next two lines      make lint    all checks of style and types
# make test-engines    the tests of OpenVINO, PyTorch and llama.cpp, if installed; make engines installs all
# make site    the documentation as a site, in docs/_build/html
# make lock    resolve the pinned requirements again (needs uv)
# make paper   the study of the paper, from the measurements that its authors published
# make test-faults     damaged files, kills and full disks by the hundred, with the number of those survived
# make test-cluster    the tests on a Slurm cluster of their own (as root on Debian, installs Slurm)
# STUDY=config/other.yaml chooses the study, CORES=2 the number of cores; CONFIG="seed=2 study=two" changes keys.
STUDY ?= config/config.yaml
CORES ?= all
# PROFILE=slurm runs the jobs on a cluster, see docs/how-to/cluster.md.
WHERE = $(if $(PROFILE),--workflow-profile $(call quoted,$(value PROFILE)),--cores $(call quoted,$(value CORES)))
# What the user gives reaches the shell as it is; CONFIG word by word.
quoted = '$(subst ','\'',$(1))'
study = $(call quoted,$(value STUDY))
config = $(if $(value CONFIG),--config $(foreach word,$(value CONFIG),$(call quoted,$(word))))
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name) 2>/dev/null)))
BIN := .venv/bin
export PYTHONPATH := workflow$(if $(PYTHONPATH),:$(PYTHONPATH))

# Snakemake starts jobs by the path of .venv, unquoted.
ifneq ($(words $(CURDIR)),1)
$(error The path of this folder contains a blank, with which Snakemake cannot start jobs: $(CURDIR). Rename or move it)
endif

.DELETE_ON_ERROR:
.PHONY: run paper test test-engines engines test-faults test-cluster lint format docs site lock

run: .venv/installed
	@$(BIN)/python -m perftransfer.run $(study) $(WHERE) $(config)

paper:
	@$(MAKE) --no-print-directory run STUDY=config/paper.yaml

test: .venv/installed-dev
	tests/report/install.sh || true
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not cluster and not engines" $(PYTEST)

# The environment of the engines, if it is installed.
ENGINES = $(if $(wildcard .venv-engines/installed),.venv-engines/bin,$(BIN))
test-engines: .venv/installed-dev
	@for engine in openvino torch xllamacpp; do $(ENGINES)/python -c "import $$engine" 2>/dev/null \
	|| echo "$$engine cannot be imported, so its tests are skipped; to install it: make engines"; done
	$(ENGINES)/python -m pytest -m engines tests/measuring $(PYTEST) || [ $$? -eq 5 ]

# In addition to .venv, since users need not have them. PyTorch apart: pip's settings decide which build.
engines: .venv-engines/installed
.venv-engines/installed: envs/requirements-engines.txt .venv/installed-dev
	@$(BIN)/python -m venv .venv-engines
	@$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	>"$$(.venv-engines/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/base.pth"
	@$(INSTALL_ENGINE) --require-hashes -r $< || echo "OpenVINO and llama.cpp could not be installed."
	@timeout $(PYTORCH_SECONDS) $(INSTALL_ENGINE) $(PYTORCH) \
	|| echo "$(PYTORCH) could not be installed within $(PYTORCH_SECONDS) s; more time: make engines PYTORCH_SECONDS=1800"
	@touch $@

PYTORCH := torch==2.13.0
PYTORCH_SECONDS ?= 180
INSTALL_ENGINE := .venv-engines/bin/python -m pip install --quiet --disable-pip-version-check --only-binary :all:

# CAMPAIGN="--seed 5 --files 2000 --kills 0" chooses another one.
test-faults: .venv/installed-dev
	PYTHONPATH=workflow:tests $(BIN)/python -m faults.campaign $(CAMPAIGN)

test-cluster: .venv/installed-dev
	tests/cluster/install.sh || true
	$(BIN)/python -m pytest -m cluster tests/cluster $(PYTEST)

lint: .venv/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint

format: .venv/installed-dev
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/snakefmt Snakefile workflow

# The schema for editors and the pages of the reference that are generated from the code.
docs: .venv/installed-dev
	$(BIN)/python -m perftransfer.study.reference

# Warnings are errors, such as a broken link.
site: .venv/installed-dev
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going docs docs/_build/html

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	|| { echo "perftransfer needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
	echo "$(PYTHON) cannot create a virtual environment. On Debian and Ubuntu: apt install python3-venv"; exit 1; }

.venv/installed: envs/requirements.txt | .venv/bin/python .venv/bin/perftransfer
	@echo "Installing into .venv (once, a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# The command, from this clone.
.venv/bin/perftransfer: | .venv/bin/python
	@printf '#!/bin/sh\nPYTHONPATH="%s$${PYTHONPATH:+:$$PYTHONPATH}" exec "%s/.venv/bin/python" -m perftransfer "$$@"\n' \
	"$(CURDIR)/workflow" "$(CURDIR)" >$@
	@chmod +x $@

.venv/installed-dev: envs/requirements-dev.txt .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

UV := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet
lock:
	cd envs && $(UV) requirements.in -o requirements.txt && $(UV) requirements-dev.in -o requirements-dev.txt \
	&& $(UV) requirements-engines.in -o requirements-engines.txt
