# Short names for the chores; start.py and the locks do the work.
PYTHON ?= python3
VENV = .venv/bin/python
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate

.PHONY: help run test fast lint lock bench

help:
	@echo "make run    the console in rehearsal          make lint   style, types, imports"
	@echo "make test   every check                       make lock   newer versions into the locks (needs uv)"
	@echo "make fast   every check but the browser's     make bench  the benchmarks"

run:
	$(PYTHON) start.py

test:
	$(PYTHON) start.py test

fast:
	$(PYTHON) start.py test --fast

lint:
	$(VENV) -m ruff check . && $(VENV) -m ruff format --check . && $(VENV) -m basedpyright --pythonpath $(VENV)
	$(VENV) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

lock:
	$(LOCK) --upgrade requirements.in -o requirements.txt
	$(LOCK) --upgrade requirements-test.in -o requirements-test.txt
	cd infra && $(LOCK) --upgrade requirements-sam.in -o requirements-sam.txt

bench:
	for name in roster racing pages onboarding kills closing calls idle store portal capacity portal_timing usage forecast replay deadline viewers; do $(VENV) -m benchmarks.$$name || exit 1; done
