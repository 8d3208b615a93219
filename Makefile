# What a person does with this project. `make` alone lists it.
#
# Settings go along as variables, e.g. `make run API_PORT=8010`;
# `target/debug/dev run --help` lists them.

.DEFAULT_GOAL := help
.PHONY: help build run demo audit test simulate kills build-bench bench bench-pure bench-scale footprint check nightly clean-data invoke-tick sqlx
export

# Queries are checked against what is committed, not against the databases that the variables of
# `make run` may name.
SQLX_OFFLINE := true

DEV := target/debug/dev
API_PORT ?= 8000
TOOLS := $(CURDIR)/.tools
CHECK_JSONSCHEMA := $(TOOLS)/check-jsonschema/bin/check-jsonschema
CARGO_DENY := $(TOOLS)/cargo-deny/bin/cargo-deny

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One set of features for everything: building a single package would compile its dependencies anew.
build:
	@cargo build --locked --workspace --bins

run: build ## Build everything, start it, stay in the foreground (Ctrl-C stops it)
	@exec $(DEV) run

demo: build ## Play one rental against what `make run` started, and check every answer
	@exec $(DEV) demo

audit: build ## Check every law of money on what `make run` started; AUDIT_FLAGS=--json prints JSON
	@exec $(DEV) audit $(AUDIT_FLAGS)

test: build ## Run every test; starts its own databases and stubs, leaves nothing behind
	$(DEV) with-postgres -- cargo test --locked --workspace
	$(DEV) with-postgres -- target/debug/simulate --histories 25
	$(DEV) with-postgres -- target/debug/kills --kills 20
	$(DEV) story

simulate: build ## Play random histories with faults at every step, e.g. SEED=7 HISTORIES=1000; every law is checked
	@exec $(DEV) with-postgres -- target/debug/simulate

# As they are deployed: optimized, and without what the simulation makes of tokio. A crate of others
# is called quote, too.
FUNCTIONS := billing-tick health operator quote@0.1.0 reconcile start status stop

kills: ## Kill the functions' optimized processes under load, e.g. KILLS=1000 SEED=7; every law is checked
	@cargo build --locked --workspace --bin dev
	@cargo build --release --locked --bins -p kills $(FUNCTIONS:%=-p %)
	@exec $(DEV) with-postgres -- target/release/kills

build-bench:
	@cargo build --locked --workspace --bin dev
	@cargo build --release --locked --bins -p bench -p floor $(FUNCTIONS:%=-p %)

bench: build-bench ## How fast the functions are, beside a bare one that makes the same round trips; into target/bench
	@exec $(DEV) with-postgres -- target/release/bench

bench-pure: ## How long the rules alone take, in nanoseconds, without a database or a call
	@cargo bench --locked -p domain-bench -- --quiet

bench-scale: build-bench ## Whether endpoints are as fast over ten million rentals as over a thousand, e.g. SCALE_RENTALS=100000
	@exec $(DEV) with-postgres -- target/release/bench scale

footprint: build-bench ## How large the functions are, and how much memory they take, beside the best; FOOTPRINT_FLAGS=--write commits to them
	@exec $(DEV) with-postgres -- target/release/bench footprint $(FOOTPRINT_FLAGS)

check: build $(CHECK_JSONSCHEMA) $(CARGO_DENY) ## Formatting, lints, queries, migrations, compose file, licences
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets -- -D warnings
	$(DEV) with-postgres -- local/checks/sqlx.sh
	$(CHECK_JSONSCHEMA) --builtin-schema vendor.compose-spec local/compose.yaml
	$(CARGO_DENY) --offline check bans licenses sources

nightly: check test ## What takes longer than a commit can wait
	@cargo build --locked --profile long-runs -p simulation
	$(DEV) with-postgres -- target/long-runs/simulate --histories 1000 --seed $$(date +%s)
	$(MAKE) kills KILLS=2000

clean-data: build ## Remove the data that `make run` keeps between runs
	@exec $(DEV) clean-data

invoke-tick: ## Invoke billing-tick once, as an example of `cargo lambda invoke`
	PATH="$$PATH:$(TOOLS)/cargo-lambda/bin" \
	  cargo lambda invoke billing-tick -A 127.0.0.1 -P $(API_PORT) --data-file local/events/tick.json

sqlx: ## Collect anew what the compile-time checked queries are checked against
	@cargo build --locked --workspace --bin dev
	$(DEV) with-postgres -- local/checks/sqlx.sh --write

$(CHECK_JSONSCHEMA):
	python3 -m venv $(TOOLS)/check-jsonschema
	$(TOOLS)/check-jsonschema/bin/pip install --quiet check-jsonschema==0.39.0

# A debug build: it runs for seconds, and an optimized one would take minutes to make.
$(CARGO_DENY):
	cargo install --locked --debug --root $(TOOLS)/cargo-deny cargo-deny@0.20.2
