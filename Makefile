# Works from a fresh clone: needs Python 3.11 or newer and make, and nothing else.
#   make run    the site for development, with the demonstration glossary      make test    every test this machine can run
#   make serve  the same site as production serves it                          make check   format, lint, types, contracts
#   make bench  the benchmarks, as ratios, to a table and docs/benchmarks.md   (BENCH=--smoke: only whether they run)
#   make test-fast  the tests that need no browser and no other processes      docs/testing.md says how to run one
PORT ?= 8000
PYTHON := .venv/bin/python
LOCAL := http://127.0.0.1:$(PORT)

.DEFAULT_GOAL := help
.PHONY: help run serve test test-fast check bench lock format messages environment environment-dev secrets

help:
	@sed -n '2,5s/^# *//p' Makefile

# A virtual environment is complete if its stamp, written last, is the checksum of its requirements, and if Django starts.
# An unfinished or broken one is removed and made again. One that is older than the requirements is updated.
# $(1): requirements files; $(2): name of the stamp.
define ensure_environment
	@set -e; \
	want=$$(cat $(1) | cksum); \
	if [ "$$want" = "$$(cat .venv/$(2).stamp 2>/dev/null)" ] && $(PYTHON) -c 'import django, granian' 2>/dev/null; then exit 0; fi; \
	if ! { [ -f .venv/site.stamp ] && $(PYTHON) -c 'import django, granian' 2>/dev/null; }; then \
		rm -rf .venv; \
		if command -v uv >/dev/null; then uv venv --quiet --python '>=3.11' .venv; else \
			for python in python3 python3.14 python3.13 python3.12 python3.11 none; do \
				if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
			done; \
			if [ $$python = none ]; then echo 'Python 3.11 or newer is needed: install it and run make again.' >&2; exit 1; fi; \
			$$python -m venv .venv || { rm -rf .venv; echo "$$python cannot make virtual environments: install its venv package (Debian: apt install python3-venv)." >&2; exit 1; }; \
		fi; \
	fi; \
	echo 'Installing what the site needs into .venv …'; \
	if command -v uv >/dev/null; then uv pip install --quiet --python $(PYTHON) --require-hashes $(foreach file,$(1),-r $(file)); \
	else $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes $(foreach file,$(1),-r $(file)); fi \
		|| { rm -rf .venv; echo 'The installation failed; .venv is removed, so that the next make starts afresh.' >&2; exit 1; }; \
	echo "$$want" > .venv/$(2).stamp
endef

environment:
	$(call ensure_environment,requirements.txt,site)

environment-dev: environment
	$(call ensure_environment,requirements.txt requirements-dev.txt,dev)

# Secrets for the site on this machine, made once. Environment variables have priority.
secrets: environment
	@mkdir -p -m 700 var; [ -s var/secrets.env ] || ( umask 077; \
	for name in SECRET_KEY CONSENT_SIGNING_KEY; do \
		$(PYTHON) -c "import secrets; print(': \"\$${$$name:=' + secrets.token_urlsafe(48) + '}\"; export $$name')"; \
	done > var/secrets.part && mv var/secrets.part var/secrets.env )

run: secrets
	@. ./var/secrets.env; export DEBUG=1 SITE_URL=$(LOCAL); \
	$(PYTHON) manage.py migrate -v 0 && \
	$(PYTHON) manage.py load_demo && \
	exec $(PYTHON) manage.py runserver 127.0.0.1:$(PORT)

serve: secrets
	@. ./var/secrets.env; export DEBUG=0 SITE_URL=$${SITE_URL:-$(LOCAL)} ALLOWED_HOSTS=$${ALLOWED_HOSTS:-127.0.0.1,localhost}; \
	$(PYTHON) manage.py migrate -v 0 && \
	$(PYTHON) manage.py collectstatic -v 0 --noinput && \
	$(PYTHON) manage.py load_demo && \
	echo "Serving $$SITE_URL as in production (stop with Ctrl-C)" && \
	exec $(PYTHON) manage.py serve --port $(PORT)

# One process runs all tests of a file, so that each file starts its site once. The longest files, in tests/browser, come
# first.
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder

# Quick tests to run while working: on SQLite, without a browser and without other processes.
test-fast: environment-dev
	@env -u DATABASE_URL $(PYTHON) -m pytest $(PARALLEL) -m 'not browser and not processes and not slow'

# The second run happens even if the first fails. The last line says what this machine could not test. On PostgreSQL,
# those browser tests and slow tests run whose result depends on the database, and no test that uses no database.
test: environment-dev
	@status=0; \
	echo '== Tests on SQLite'; env -u DATABASE_URL $(PYTHON) -m pytest $(PARALLEL) || status=1; \
	if [ -n "$$TEST_DATABASE_URL" ]; then \
		echo '== Tests on PostgreSQL'; DATABASE_URL="$$TEST_DATABASE_URL" $(PYTHON) -m pytest $(PARALLEL) -m '(not browser and not slow and not no_database) or database' || status=1; \
	fi; \
	left=; \
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		left="$$left browser tests (install Chromium, for example: apt install chromium);"; \
	[ -n "$$TEST_DATABASE_URL" ] || left="$$left PostgreSQL (set TEST_DATABASE_URL=postgres://user:password@host:5432/name);"; \
	left="$$left$$($(PYTHON) -m tests.packages)"; \
	[ -n "$$TEST_COOKIE_LISTS" ] || left="$$left lists that hide banners (set TEST_COOKIE_LISTS to the path of EasyList's cookie list);"; \
	echo "Left out:$${left:- nothing}"; exit $$status

# On SQLite, and on PostgreSQL too if TEST_DATABASE_URL is set. Each run has databases of its own and drops them at the
# end, except the filled glossaries, which the next run needs again (python -m bench forget).
bench: environment-dev
	@echo '== Size of the client'; $(PYTHON) -m bench.sizes
	@echo '== SQLite'; env -u DATABASE_URL $(PYTHON) -m bench $(BENCH)
	@if [ -n "$$TEST_DATABASE_URL" ]; then echo '== PostgreSQL'; DATABASE_URL="$$TEST_DATABASE_URL" $(PYTHON) -m bench $(BENCH); fi

# Formats and lints scripts and styles by the rules of biome.jsonc, if this machine has Node.js: `$(call biome,command)`
# sets `left` to why it could not.
define biome
	left=; \
	if ! command -v npm >/dev/null; then \
		left=' scripts and styles (install Node.js with npm, for example: apt install npm)'; \
	elif ! cmp -s package-lock.json node_modules/stamp && ! { npm ci --silent && cp package-lock.json node_modules/stamp; }; then \
		left=' scripts and styles (npm could not install Biome: see what npm ci says)'; \
	else node_modules/.bin/biome $(1); fi
endef

# The last line says what this machine could not check.
check: environment-dev
	@set -e; export DEBUG=1; \
	$(PYTHON) -m ruff format --check --quiet .; \
	$(PYTHON) -m ruff check --quiet .; \
	$(PYTHON) -m mypy .; \
	contracts=$$(.venv/bin/lint-imports --no-cache) || { echo "$$contracts"; exit 1; }; \
	.venv/bin/djlint --lint --quiet templates glossary consent siteaudit; \
	$(call biome,check --error-on-warnings); \
	$(PYTHON) manage.py makemigrations --check --dry-run; \
	$(PYTHON) manage.py write_reference --check; \
	DEBUG=0 SECRET_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))') \
		CONSENT_SIGNING_KEY=$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(48))') \
		ALLOWED_HOSTS=glossary.example.org SITE_URL=https://glossary.example.org ADMIN_HOST=admin.glossary.example.org \
		$(PYTHON) manage.py check --deploy --fail-level WARNING; \
	echo "Left out:$${left:- nothing}"

# Puts the texts that are marked in code and templates into the catalogues, and compiles them. Needs GNU gettext. Compiled
# catalogues are committed, so only translators need it.
messages: environment-dev
	@set -e; export DEBUG=1; \
	locales=$$($(PYTHON) manage.py shell --no-imports -c \
		'from django.conf import settings; print(*(f"--locale={code}" for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE))'); \
	$(PYTHON) manage.py makemessages $$locales --no-wrap --add-location file --no-obsolete \
		--ignore '.venv/*' --ignore 'node_modules/*' --ignore 'var/*' --ignore 'tests/*' --ignore 'bench/*' --ignore 'templates/admin/*'
	@for file in locale/*/LC_MESSAGES/django.po; do sed -i '/^"POT-Creation-Date/d' "$$file"; msgfmt --check-format --no-hash --output-file "$${file%.po}.mo" "$$file"; done

format: environment-dev
	@set -e; $(PYTHON) -m ruff check --quiet --fix .; $(PYTHON) -m ruff format --quiet .; \
	$(call biome,check --write --error-on-warnings); if [ -n "$$left" ]; then echo "Left out:$$left"; fi

# Pins the requirements in the input files. Needs uv, because other tools write the address of an index into them.
lock:
	@command -v uv >/dev/null || { echo 'make lock needs uv: https://docs.astral.sh/uv/' >&2; exit 1; }
	@for name in requirements requirements-dev; do \
		uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
			--custom-compile-command 'make lock' $$name.in -o $$name.txt; \
	done
