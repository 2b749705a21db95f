# kprov: everything a developer does, each one line in `make help`.
# On a fresh Debian 12: git, make and python3 with venv are enough; the rest is installed here.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)
SYSTEM_PACKAGES := systemd-container debootstrap openssh-server openssh-client sudo iproute2 iptables nftables shellcheck busybox-static dash fish zsh tcsh openssl ruby vagrant vagrant-libvirt

.DEFAULT_GOAL := help
.PHONY: help setup system check unit e2e golden test demo demo-stop bench dist clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/.ready ## make .venv with kprov and what its tests need

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable '.[dev]'
	touch $@

system: ## install the missing Debian packages (root or sudo)
	@missing=$$(for p in $(SYSTEM_PACKAGES); do dpkg-query -W -f '$${db:Status-Status}' $$p 2>/dev/null | grep -qx installed || echo $$p; done); \
	command -v npm >/dev/null || missing="$$missing npm"; \
	if [ -n "$$missing" ]; then echo "installing:" $$missing; $(SUDO) apt-get update -q && DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -q --no-install-recommends $$missing; fi

check: setup ## ruff, mypy --strict, import-linter, shellcheck
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cat kprov/sh/lib/core.sh kprov/sh/lib/result.sh kprov/sh/lib/[!cr]*.sh kprov/sh/lib/reach.sh kprov/sh/lib/reset.sh | shellcheck --shell=sh --exclude=SC2153 -
	find . -name '*.sh' -not -path './.*' -not -path './kprov/sh/lib/*' -print0 | xargs -0 -r shellcheck

unit: setup ## the tests that need no machine
	$(BIN)/python -m pytest -q --numprocesses=auto --dist=loadfile tests/unit tests/golden

golden: setup ## rewrite the golden files; read the diff before you commit it
	KPROV_GOLDEN=write $(BIN)/python -m pytest -q tests/golden

e2e: setup system ## the tests on real machines and real Kubernetes (root)
	$(SUDO) env "PATH=$$PATH" $(BIN)/python -m pytest -q tests/integration tests/e2e

test: system check ## every test there is; what CI runs
	$(SUDO) env "PATH=$$PATH" $(BIN)/python -m pytest -q --numprocesses=auto --dist=loadfile tests --ignore=tests/integration --ignore=tests/e2e
	$(SUDO) env "PATH=$$PATH" $(BIN)/python -m pytest -q tests/integration tests/e2e

demo: setup system ## a real cluster on this computer
	$(SUDO) env "PATH=$$PATH" $(BIN)/python -m tests.testbed.demo

demo-stop: setup ## take the demo's machine away
	$(SUDO) $(BIN)/kprov local down inventories/local.yaml

bench: setup system ## the figures of bench/README.md, as ratios in one run (root)
	$(SUDO) env "PATH=$$PATH" $(BIN)/python -m bench

dist: setup ## wheel, sdist, the one-file kprov.pyz and its bill of materials, in dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build --no-isolation --outdir dist
	$(PYTHON) -m venv dist/installed
	dist/installed/bin/python -m pip install --quiet dist/kprov-*.whl
	$(BIN)/shiv --compressed --reproducible --python '/usr/bin/env python3' --console-script kprov \
	    --site-packages "$$(dist/installed/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" -o dist/kprov.pyz
	$(BIN)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o dist/kprov.cdx.json dist/installed/bin/python
	rm -rf dist/installed

clean: ## remove what these targets made in this folder
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist *.egg-info
