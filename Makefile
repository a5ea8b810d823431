# Every target sets up what it needs; a virtual environment is filled again only when its lock changed.
IS_OURS := -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null
PYTHON ?= $(shell for each in python3 python3.11; do $$each $(IS_OURS) && echo $$each && break; done || echo python3)
VENV := .venv
PY := $(VENV)/bin/python
PORT ?= 8000
STATE ?= .state
WORKERS ?= 2
LINTED := DEBUG=on SECRET_KEY=lint DATABASE_URL=sqlite:///:memory:
ASKS_NONE := $(addprefix tests/,config browser processes faults switches mutants test_architecture.py test_matrix.py test_pages.py test_form_words.py \
  test_wording.py integrations/access members/test_editing.py members/test_gyms.py members/test_list.py members/test_odd_names.py \
  members/test_sign_in.py plans/test_messages.py plans/test_pages.py plans/test_subscription_pages.py \
  $(addprefix integrations/kisi/,simulator views test_commands.py test_explain.py test_key_stays_secret.py test_letters.py test_mails.py \
  test_named.py test_pace.py test_timeline.py test_wake.py test_answers.py test_client.py test_client_lists.py test_rows.py test_transport.py test_wire.py))
INSTALL := $(PY) -m pip install -q --disable-pip-version-check --require-hashes -r
COMPILE := $(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -q pyproject.toml

.PHONY: run test test-postgres test-sqlite faults switches budgets machine year mutants browser screenshots lint fmt lock venv clean
.DELETE_ON_ERROR:

run: $(VENV)/run.stamp
	@mkdir -p $(STATE) && chmod 700 $(STATE)
	@test -s $(STATE)/secret || $(PY) -c "import secrets; print(secrets.token_urlsafe(50))" > $(STATE)/secret
	@test -s $(STATE)/field-key || $(PY) -c "import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())" > $(STATE)/field-key
	@DEBUG=on PORT=$(PORT) CORE_STATE_DIR=$(STATE) SECRET_KEY="$$(cat $(STATE)/secret)" FIELD_ENCRYPTION_KEYS="$$(cat $(STATE)/field-key)" exec $(PY) manage.py demo --end-with-parent

test: test-postgres test-sqlite

test-postgres: $(VENV)/dev.stamp
	$(PY) -m pytest -n $(WORKERS) -m "not process and not browser and not long"
	$(PY) -m pytest -m "(process or browser) and not long"

# The second pass leaves out what asks no database, and pages and faults, where the database decides nothing.
test-sqlite: $(VENV)/dev.stamp
	CORE_TEST_DATABASE=sqlite $(PY) -m pytest -n $(WORKERS) -m "not process and not browser and not long" $(ASKS_NONE:%=--ignore=%)

# Every fault of the table, with real processes where it says so, and a month of the year; prints expected, seen and
# figure.
faults: $(VENV)/dev.stamp
	CORE_YEAR_DAYS=30 $(PY) -m pytest tests/faults tests/year --all-faults

# Anything in any order on PostgreSQL, and neither harm nor anything left undone. CORE_MACHINE_EXAMPLES asks for more.
machine: $(VENV)/dev.stamp
	$(PY) -m pytest tests/machine -s

# A thousand people and a year of faults on a moved clock; prints the minutes wrongly in and out.
year: $(VENV)/dev.stamp
	$(PY) -m pytest tests/year -m long -s

# Every alternative of what is not known of Kisi, by itself and in the worst pairs, and every trouble at every call.
switches: $(VENV)/dev.stamp
	$(PY) -m pytest -n $(WORKERS) tests/switches

# What a page costs with 10,000 members against 100: questions, bytes, time.
budgets: $(VENV)/dev.stamp
	$(PY) -m pytest tests/test_budgets.py -s

# Every seeded bug against the tests that should catch it; prints which one did.
mutants: $(VENV)/dev.stamp
	$(PY) -m tests.mutants

# Every state, page and story in a real browser, with what takes too long for every commit.
browser: $(VENV)/dev.stamp
	$(PY) -m pytest tests/browser --deselect tests/browser/test_pictures.py

# A picture of every page and state, light and dark, wide and narrow, in .screenshots/; to be looked at.
screenshots: $(VENV)/dev.stamp
	rm -rf .screenshots
	$(PY) -m pytest tests/browser/test_pictures.py
	@ls .screenshots | wc -l | xargs printf '%s pictures in .screenshots\n'

lint: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/djlint --lint --quiet templates
	$(LINTED) $(PY) manage.py makemigrations --check --dry-run
	$(LINTED) $(PY) manage.py check
	$(LINTED) $(VENV)/bin/mypy .

fmt: $(VENV)/dev.stamp
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

lock: $(VENV)/dev.stamp
	$(COMPILE) -o requirements.txt
	$(COMPILE) --extra dev -o requirements-dev.txt

venv: $(VENV)/dev.stamp

clean:
	rm -rf $(VENV) $(STATE) staticfiles

$(VENV)/bin/python:
	@$(PYTHON) $(IS_OURS) || { echo "Core needs Python 3.11: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "This Python has no venv module: install python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV)

# A stamp is newer than its lock; beside it lies a copy of what was installed, so that a lock that was only touched
# (a fresh checkout) installs nothing. The development lock holds everything that the other one holds.
$(VENV)/run.stamp: requirements.txt | $(VENV)/bin/python
	@cmp -s $< $(VENV)/run.lock || { rm -f $(VENV)/*.lock && $(INSTALL) $<; }
	@cp $< $(VENV)/run.lock && touch $@

$(VENV)/dev.stamp: requirements-dev.txt requirements.txt | $(VENV)/bin/python
	@cmp -s $< $(VENV)/dev.lock && cmp -s requirements.txt $(VENV)/run.lock || { rm -f $(VENV)/*.lock && $(INSTALL) $<; }
	@cp $< $(VENV)/dev.lock && cp requirements.txt $(VENV)/run.lock && touch $@
