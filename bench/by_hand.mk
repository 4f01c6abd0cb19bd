# The six tools as a team would run them by hand on examples/shop, with the settings of its policy: no proof, no verdict, no evidence.
# Called by bench/shop, in a copy of the shop. ADVISORIES is the address of a service that answers at once; AXE an axe-core; OUT a folder for reports.
.PHONY: all tests contracts accessibility dependencies leaks security
all: tests contracts accessibility dependencies leaks security

tests:
	coverage run --data-file=$(OUT)/coverage --source=shop -m pytest -q tests >$(OUT)/tests.log
	coverage json -q --data-file=$(OUT)/coverage -o $(OUT)/coverage.json

contracts:
	python $(BENCH)/by_hand.py serving --filled example1 -- schemathesis run openapi.yaml --url {url} --phases examples,coverage,fuzzing \
	  --max-examples 20 --seed 1 --generation-database none >$(OUT)/contracts.log

accessibility:
	python $(BENCH)/by_hand.py serving -- python $(BENCH)/by_hand.py pages {url} $(AXE) $(OUT)/accessibility.json

dependencies:
	pip-audit -r requirements.txt --no-deps --disable-pip -s osv --osv-url $(ADVISORIES) --progress-spinner off >$(OUT)/dependencies.log 2>&1

leaks:
	detect-secrets scan -n >$(OUT)/leaks.json

security:
	bandit -q -r shop -f json -o $(OUT)/security.json
