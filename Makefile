# What a person does with this project. `make` alone lists it.
#
# Settings go along as variables, e.g. `make run API_PORT=8010`;
# `target/debug/dev run --help` lists them.

.DEFAULT_GOAL := help
.PHONY: help build run demo test check nightly clean-data invoke-tick sqlx
export

DEV := target/debug/dev
API_PORT ?= 8000

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build:
	cargo build --workspace --bins

run: build ## Build everything, start it, stay in the foreground (Ctrl-C stops it)
	@exec $(DEV) run

demo: ## Play one rental against what `make run` started, and check every answer
	@cargo build --quiet --package dev
	@exec $(DEV) demo

test: build ## Run every test; starts its own databases and stubs, leaves nothing behind
	$(DEV) with-postgres -- cargo test --workspace
	$(DEV) story

check: ## What must hold before a commit: formatting and lints
	cargo fmt --check
	cargo clippy --workspace --all-targets -- -D warnings

nightly: check test ## What takes longer than a commit can wait

clean-data: ## Remove the data that `make run` keeps between runs
	@cargo build --quiet --package dev
	@exec $(DEV) clean-data

invoke-tick: ## Invoke billing-tick once, as an example of `cargo lambda invoke`
	PATH="$$PATH:$(CURDIR)/.tools/cargo-lambda/bin" \
	  cargo lambda invoke billing-tick -A 127.0.0.1 -P $(API_PORT) --data-file local/events/tick.json

sqlx: ## Refresh what the compile-time checked queries are checked against
