VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3

.PHONY: install demo test test-arm test-bluez fuzz check format bench bench-gateway bench-peers bench-waves bench-patch bench-flash bench-growth bench-pairs bench-flame train train-waves full-size clean

install: $(VENV)/.installed  ## Make .venv with all that the commands below need; quick when nothing changed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import ensurepip' || { echo "Python's venv is missing: sudo apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: install  ## A virtual Polar H10 on a simulated radio, for a minute
	$(BIN)/anyecg demo

check: install  ## Format, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: check  ## Every test, with branch coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest --numprocesses auto --dist worksteal
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

SECONDS ?= 60

fuzz: install  ## Every wearable's decoder, and the stream behind it, with bytes that look for trouble (10 minutes; SECONDS=60 each)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fuzz]'
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

test-bluez: install  ## The commands over real BlueZ, in a user-mode Linux guest whose kernel is built once
	$(BIN)/python -m tests.bluez.kernel
	$(BIN)/pytest tests/bluez

test-arm: install  ## Packs, loop and instruction counts on emulated Raspberry Pis, made once (1 minute, 0.8 GB)
	$(BIN)/python -m tests.arm.system
	$(BIN)/pytest tests/arm

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

CHECKPOINT ?= build/full_size/checkpoint.pth

bench: install  ## The README's measured tables: packs, peers, the signal's side, boards (brings the peers; 11 minutes with CHECKPOINT=..., 5 without)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,peers,peers-waves]'
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.readme $(if $(wildcard $(CHECKPOINT)),--checkpoint $(CHECKPOINT))

bench-gateway: install  ## Nights of every wearable, many at once, 10,000 reconnects, bleakheart beside (brings it; 2 hours)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[peers-ble]'
	$(BIN)/python -m benchmarks.nights
	$(BIN)/python -m benchmarks.nights --reconnects 10000
	$(BIN)/python -m benchmarks.many
	$(BIN)/python -m benchmarks.heart_straps

STRESSED ?= build/full_size/stressed.pth

bench-peers: install  ## Compare conversions with onnxruntime, tflite-runtime and torch (brings them, 12 minutes); CHECKPOINT=... STRESSED=...
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[peers]'
	-$(BIN)/python -m benchmarks.peers.older
	$(BIN)/python -m benchmarks.peers $(CHECKPOINT) $(if $(wildcard $(STRESSED)),--stressed $(STRESSED))

DATA ?= ../shared/data

bench-patch: install  ## Instructions, memory and differences of the generated C on emulated Cortex-M (needs the tools of .ci/run)
	$(BIN)/python -m benchmarks.patch

bench-flash: install  ## The rate of a flash beside smpclient alone, and a thousand cuts
	$(BIN)/python -m benchmarks.flash

bench-waves: install  ## Beats, waves, intervals, quality, cost beside NeuroKit2, sleepecg, wfdb (brings them); DATA=... FOLDS=... FULL_SIZE=...
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[peers-waves]'
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.waves --data $(DATA) $(if $(FOLDS),--folds $(FOLDS)) $(if $(FULL_SIZE),--full-size $(FULL_SIZE))

bench-growth: install  ## How cost grows with wearables, hop, outputs, hours and store: tables, .github/growth.svg (5 minutes, 2 GB of disk for a while)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.growth --picture .github/growth.svg

bench-pairs: install  ## Whether bench compare tells a slow-down of 20 % from two results of one commit (12 minutes)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.pairs --pairs 20 --slow-pairs 10 -o build/pairs.md --results build/pairs

BEFORE ?= 8c0d7ce

bench-flame: install  ## Where a window's time goes, at the revision BEFORE and now: .github/flame.svg, overhead, memory (brings py-spy, 15 minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[profile]'
	mkdir -p build && git worktree add --force --detach build/before $(BEFORE)
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.flame record --root build/before -o build/before.json --windows 1000
	git worktree remove --force build/before
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.flame record -o build/now.json --windows 1000
	$(BIN)/python -m benchmarks.flame draw build/before.json build/now.json -o .github/flame.svg
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.flame overhead
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.flame memory

train: install  ## Train, convert and evaluate the demonstration pack again (brings torch, 20 minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	$(BIN)/python -m converter.training.demonstration -o build/demonstration
	$(BIN)/python -m converter.training.pack build/demonstration -o edge/packs/demonstration.tflite

train-waves: install  ## Train the waves network on the synthetic heart and on DATA, cross-validate it and pack it (brings torch, 2 hours)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train,recordings]'
	$(BIN)/python -m converter.training.waves --data $(DATA) -o build/waves
	$(BIN)/python -m converter.training.waves.pack build/waves --data $(DATA)
	$(BIN)/python -m converter.training.waves.cross_validation build/waves --data $(DATA)
	$(BIN)/python -m converter.training.waves.pack build/waves --data $(DATA) -o edge/packs/waves.tflite

full-size: install  ## A SYNTHETIC checkpoint of ECGFounder's full size, to measure conversions on (brings torch, 30 minutes)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train]'
	$(BIN)/python -m converter.training.full_size -o build/full_size

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
