# make run   builds what is missing from the real data, then serves it
# make test  runs the whole suite
# Every built thing is a file, so a later start only does what is not done yet.

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
DATA := feature_repo/data
UNTIL := 2013-12-03T14:15:00Z

# Read by every Ray process, so they are exported before Ray starts. PLAIN=1 leaves them out.
ifndef PLAIN
export RAY_SERVE_ENABLE_HA_PROXY := 1
export RAY_SERVE_THROUGHPUT_OPTIMIZED := 1
# HAProxy's threads and the replicas share the cores: one thread carries far more than two cores ask.
export RAY_SERVE_HAPROXY_NBTHREAD := 1
# HAProxy runs beside the replicas and forgets one within a second; Ray's 30 s is for slow balancers.
export RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S := 5
endif

.PHONY: run serve install data bundle test lint format clean

run: bundle $(DATA)/.online serve

serve: $(VENV)/.installed
	@$(BIN)/python -m app.launch serve_config.yaml

install: $(VENV)/.installed
data: $(DATA)/training.parquet
bundle: models/flight_delay/latest

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "Installing into $(VENV): a few minutes the first time"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[train,redis,dev]'
	@touch $@

$(DATA)/flights.parquet: $(addprefix training/,data.py flights.py delays.py aircraft.py weather.py windows.py) | $(VENV)/.installed
	@$(BIN)/python -m training.data

$(DATA)/registry.db: $(DATA)/flights.parquet feature_repo/definitions.py feature_repo/feature_store.yaml
	@cd feature_repo && ../$(BIN)/feast apply
	@touch $@

$(DATA)/training.parquet: $(DATA)/registry.db training/dataset.py
	@$(BIN)/python -m training.dataset

models/flight_delay/latest: $(DATA)/training.parquet $(addprefix training/,train.py fit.py network.py trees.py inputs.py writer.py)
	@$(BIN)/python -m training.train

$(DATA)/.online: $(DATA)/registry.db training/materialize.py
	@$(BIN)/python -m training.materialize --until $(UNTIL)
	@touch $@

test: bundle $(DATA)/.online
	@$(BIN)/python -m pytest

lint: $(VENV)/.installed
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.installed
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

clean:
	rm -rf $(DATA) models
