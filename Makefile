# What there is to make says `make help`, from the lines that begin with two #.
# What is built is a file (or a .stamp beside it), so a later start only does what is not done yet.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DATA := feature_repo/data

# Feast's own variable chooses the online store; each has a registry, and stamps, of its own.
ifdef FEAST_FS_YAML_FILE_PATH
export FEAST_FS_YAML_FILE_PATH := $(abspath $(FEAST_FS_YAML_FILE_PATH))
endif
STORE_YAML := $(or $(FEAST_FS_YAML_FILE_PATH),feature_repo/feature_store.yaml)
STORE := $(basename $(notdir $(STORE_YAML)))
APPLIED := $(DATA)/$(STORE).applied.stamp
# The store is filled anew where the line with the clock's instant has changed.
CLOCK := $(shell grep '^ *clock:' serve_config.yaml | cksum | cut -d' ' -f1)
FILLED := $(DATA)/$(STORE).filled-$(CLOCK).stamp

# What a bundle is made by.
TRAINING := $(addprefix training/flights/,calibration.py contract.py figures.py fit.py inputs.py \
	jobs.py network.py prepared.py split.py train.py trees.py) \
	$(wildcard training/bundling/*.py training/bundling/reference/*.py deployments/bundle/*.py \
		deployments/drift/*.py deployments/preprocess/*.py deployments/preprocess/forms/*.py)

# A step that fails must not leave half a file that looks done.
.DELETE_ON_ERROR:

.PHONY: help run serve install data bundle test lint format clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^## */  make /p' $(MAKEFILE_LIST)

## run              build what is missing from the real data, then serve it
run: $(FILLED) bundle
	@$(MAKE) --no-print-directory serve

## serve            serve what is built: windsock up serve_config.yaml
serve: $(VENV)/.installed
	@$(BIN)/windsock up serve_config.yaml

# Both are told to end where make is; the front also ends with the service.
## run-tls          run, and serve https://localhost:8443, too, with a certificate for this machine
.PHONY: run-tls
run-tls: $(FILLED) bundle
	@$(BIN)/windsock up serve_config.yaml & up=$$!; \
		$(BIN)/windsock front --tls --listen 127.0.0.1:8443 & front=$$!; \
		trap 'kill $$up' TERM; trap : INT; \
		while kill -0 $$up 2> /dev/null; do wait $$up; code=$$?; done; \
		kill $$front 2> /dev/null; wait $$front; exit $$code

## monitor          Prometheus for the graph that runs, and its dashboards: windsock monitor
.PHONY: monitor dashboards-json
monitor: $(VENV)/.installed
	@$(BIN)/windsock monitor serve_config.yaml

## dashboards-json  dashboards and rules in deploy/, from the catalogue of metrics
dashboards-json: $(VENV)/.installed
	@$(BIN)/python -m app.observability.dashboards

## install          make the environment .venv, with the command windsock
install: $(VENV)/.installed
## data             features from the raw data, and the training set
data: $(DATA)/training.parquet
## bundle           train the model
bundle: models/flight_delay/latest

$(VENV)/.installed: pyproject.toml client/pyproject.toml constraints.txt
	@echo "Installing into $(VENV): a few minutes the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt \
		--editable '.[train,redis,postgres,onnx,traces,dev]' --editable ./client
	@touch $@

$(DATA)/flights.parquet: $(addprefix training/flights/,data.py flights.py delays.py aircraft.py weather.py windows.py) | $(VENV)/.installed
	@$(BIN)/python -m training.flights.data

$(APPLIED): $(DATA)/flights.parquet feature_repo/definitions.py $(STORE_YAML)
	@echo "Applying the feature repo"
	@cd feature_repo && ../$(BIN)/feast apply > data/apply.log 2>&1 || { cat data/apply.log; exit 1; }
	@touch $@

$(FILLED): $(APPLIED) training/flights/materialize.py
	@$(BIN)/python -m training.flights.materialize --config serve_config.yaml
	@rm -f $(DATA)/$(STORE).filled-*.stamp && touch $@

$(DATA)/training.parquet: $(DATA)/flights.parquet feature_repo/definitions.py $(addprefix training/flights/,as_of.py dataset.py) | $(APPLIED)
	@$(BIN)/python -m training.flights.dataset

models/flight_delay/latest: $(DATA)/training.parquet $(TRAINING)
	@$(BIN)/python -m training.flights.train

# The service runs meanwhile, in another terminal. REPLAY="--day 2013-12-05 --speed 600" and the like.
## replay           play a day of December through the service that runs: windsock replay
.PHONY: replay
replay: $(VENV)/.installed
	@$(BIN)/windsock replay serve_config.yaml $(REPLAY)

## report           the model beside LightGBM, which is tuned for it (two minutes), in docs/quality
.PHONY: report
report: bundle
	@$(BIN)/python -m training.flights.report

## wheel            wheels of server and client in dist/, for folders without this checkout
.PHONY: wheel
wheel: $(VENV)/.installed
	@rm -rf build dist client/build
	@$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist . ./client
	@ls dist/*.whl

# Unit tests run side by side; what starts Ray does not, as it needs all of the machine.
SIDE_BY_SIDE := --numprocesses logical --maxprocesses 4 --dist worksteal --max-worker-restart 0

## test             run the whole suite
.PHONY: test-unit test-integration test-starts coverage
test: $(FILLED) bundle clients supply-tools
	@$(BIN)/python -m pytest tests/unit $(SIDE_BY_SIDE)
	@$(BIN)/python -m pytest tests/integration tests/chaos

## test-unit        the part of it that needs no Ray
test-unit: $(FILLED) bundle supply-tools
	@$(BIN)/python -m pytest tests/unit $(SIDE_BY_SIDE)

## test-integration the part of it that starts Ray: real servers, and faults in short
test-integration: $(FILLED) bundle clients
	@$(BIN)/python -m pytest tests/integration tests/chaos

## test-long        what the suite leaves out: the other layout, the other store
.PHONY: test-long
test-long: $(FILLED) bundle clients
	@$(BIN)/python -m pytest tests/integration --long -m long

# Short forms of these are in tests/unit/app/start: which addresses are asked, ports, room.
## test-starts      whole starts beside the suite (four minutes): IPv6, two graphs, an update without room
test-starts: $(FILLED) bundle
	@$(BIN)/python -m pytest tests/starts

## coverage         what the unit tests reach, by line and branch, here and in htmlcov/
coverage: $(FILLED) bundle supply-tools
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest tests/unit $(SIDE_BY_SIDE)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage html --quiet
	@$(BIN)/coverage report

# Clients that others wrote, which the suite drives the server with: they want other versions.
CLIENTS := .venv-clients
.PHONY: clients
clients: $(CLIENTS)/.installed

$(CLIENTS)/.installed: tests/clients/requirements.txt tests/clients/constraints.txt
	@echo "Installing clients for the tests into $(CLIENTS): a minute the first time"
	@test -x $(CLIENTS)/bin/python || $(PYTHON) -m venv $(CLIENTS)
	@$(CLIENTS)/bin/python -m pip install --quiet --constraint $(word 2,$^) --requirement $<
	@touch $@

# What looks at the dependencies; an environment of its own keeps it from being among them.
SUPPLY := .venv-supply
.PHONY: supply-tools sbom audit-deps
supply-tools: $(SUPPLY)/.installed

$(SUPPLY)/.installed: supply/requirements.txt supply/constraints.txt
	@echo "Installing what looks at the dependencies into $(SUPPLY)"
	@test -x $(SUPPLY)/bin/python || $(PYTHON) -m venv $(SUPPLY)
	@$(SUPPLY)/bin/python -m pip install --quiet --constraint $(word 2,$^) --requirement $<
	@touch $@

## sbom             the bill of materials, dist/sbom.cdx.json: CycloneDX, of the locked set
sbom: $(VENV)/.installed supply-tools
	@$(SUPPLY)/bin/python -m supply.sbom $(BIN)/python dist/sbom.cdx.json

# Status 1 where weaknesses are known, 2 where their data could not be had. OSV=URL for a mirror.
## audit-deps       weaknesses that are known of the locked set (asks osv.dev; OSV=URL for a mirror)
audit-deps: supply-tools
	@$(SUPPLY)/bin/python -m supply.audit $(if $(OSV),--osv $(OSV))

# What must hold under faults, at full length (over two hours; Linux, with a C compiler).
# ONLY=redis for the scenarios with that in their name, DOOR=haproxy for one of the doors, HARM=hang
# (or kill) for one of what is done to processes.
## chaos            break a running graph in all ways, at full length (over two hours)
.PHONY: chaos
chaos: $(FILLED) bundle
	@$(BIN)/python -m pytest tests/chaos --long -s -o faulthandler_timeout=0 \
		$(if $(ONLY),-k "$(ONLY)") $(if $(DOOR),--door $(DOOR)) $(if $(HARM),--$(HARM))

## lint             format, lint and types, checked
lint: $(VENV)/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

# The protocol's messages, from its own definition.
## proto            the messages of the Open Inference Protocol
.PHONY: proto
proto: $(VENV)/.installed
	@$(BIN)/python -m grpc_tools.protoc -I. --python_out=. \
		app/protocols/oip/proto/open_inference_grpc.proto

## metrics          docs/metrics.md, of the catalogue
.PHONY: metrics
metrics: $(VENV)/.installed
	@$(BIN)/python -m app.observability.documentation > docs/metrics.md

## format           format, and mend what the linter can
format: $(VENV)/.installed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# Windsock and its peers, in turn, on this machine (Linux, with wrk and a C compiler).
# QUICK=1 for the essential part in minutes, ONLY=mosec,echo for some of them, PUBLISH=1 for docs/.
## bench            Windsock and its peers, in turn; QUICK=1 for the essential part
.PHONY: bench
bench: SCENARIO = compare $(if $(ONLY),--only $(ONLY))

# Many rows a request; each protocol; an hour's behaviour in ten minutes; a load step and back; where CPU goes.
## bench-batch      many rows a request
## bench-protocols  what each protocol costs
## bench-autoscale  a load step, and back
## soak             an hour's behaviour in ten minutes
## profile          where CPU goes
.PHONY: bench-batch bench-protocols bench-autoscale soak profile
bench-batch bench-protocols: SCENARIO = $(@:bench-%=%)
bench-autoscale: SCENARIO = autoscale $(if $(DOOR),--door $(DOOR))
soak: SCENARIO = soak $(if $(MINUTES),--minutes $(MINUTES))
profile: SCENARIO = profile $(if $(LAYOUT),--layout $(LAYOUT)) $(if $(REPLICA),--replica $(REPLICA))
profile: | py-spy

bench bench-batch bench-protocols bench-autoscale soak profile: $(FILLED) bundle
	@$(BIN)/python -m benchmarks $(SCENARIO) $(if $(QUICK),--quick) $(if $(PUBLISH),--publish)

.PHONY: py-spy
py-spy: | $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[bench]'

## clean            remove features, models and the online store
clean:
	rm -rf $(DATA) models
