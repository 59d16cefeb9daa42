# Everything here works on a machine with make, git and a python3. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help install tools run test check format faults bench screenshot

BIN := .venv/bin
# Checks and tests never touch ./data.
CHECK_DATA := .venv/check-data
PYTEST := $(BIN)/pytest -n 2 --dist loadgroup
POSTGRES := $(BIN)/python -m tests.postgres --

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 18

install: ## install what is missing, into .venv
	@sh scripts/install.sh

tools: install
	@sh scripts/browser.sh

run: install ## migrate, fill an empty database with demo data, serve on http://127.0.0.1:8000
	@$(BIN)/oluko migrate --verbosity 0
	@test -n "$$OLUKO_PAYSTACK_SECRET_KEY" || $(BIN)/oluko seed
	@exec $(BIN)/oluko serve $(if $(PORT),--port $(PORT))

# Rules, races, the API and one journey with money run on the second engine too; what asks no database of ours does not.
ON_BOTH := $(addprefix tests/,api bookings calendars conversations dashboards faults jobs ledger meetings notifications \
	offerings payments payouts reconciliation journeys) \
	tests/core/test_backup.py tests/core/test_pool.py tests/core/test_statements.py
# Within them, these ask no database at all.
WITHOUT := $(addprefix --ignore=tests/,$(addprefix calendars/test_,outside_fetching.py outside_reading.py slots.py \
	clock_changes_in_slots.py slots_by_comparison.py) payments/test_paystack_client.py payments/test_paystack_traps.py)

test: tools check ## every check, then every test on SQLite and those about data on PostgreSQL
	$(PYTEST)
	$(POSTGRES) $(PYTEST) -m "not faults and not bench and (not browser or both)" $(WITHOUT) $(ON_BOTH)

check: export OLUKO_DATA := $(CHECK_DATA)
check: install ## format, lint, types, direction of imports, missing migrations
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/lint-imports --no-logo > .venv/imports.log 2>&1 || { cat .venv/imports.log; exit 1; }
	@$(BIN)/mypy
	@$(BIN)/oluko makemigrations --check --dry-run

format: install ## format, and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet
	@$(BIN)/ruff format --quiet

faults: tools ## failures at their full figures; takes long
	$(PYTEST) -m faults
	$(POSTGRES) $(PYTEST) -m faults

bench: install ## try the measuring out, then measure; prints the README's figures
	@$(BIN)/pytest -q -n0 -m bench
	$(POSTGRES) $(BIN)/python -m bench

screenshot: tools ## take docs/screenshot.png anew
	@OLUKO_SCREENSHOT=1 $(BIN)/pytest -q -n0 tests/journeys/test_screenshot.py
