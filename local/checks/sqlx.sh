#!/usr/bin/env bash
# Compiles the two database crates against the migrated databases of RENTAL_DATABASE_URL and
# BILLING_DATABASE_URL, which collects what their queries look like. Without arguments that is
# compared with what is committed; with --write it replaces it.
set -euo pipefail
cd "$(dirname "$0")/../.."

collected=$(mktemp --directory)
trap 'rm -rf "$collected"' EXIT
for crate in db-rental db-billing; do
    mkdir "$collected/$crate"
    # The macros run again only when their crate is compiled again.
    touch "shared/$crate/src/lib.rs"
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$collected/$crate" cargo check --quiet --package "$crate"
    if [ "${1:-}" = --write ]; then
        rm -rf "shared/$crate/.sqlx"
        cp -r "$collected/$crate" "shared/$crate/.sqlx"
        echo "shared/$crate/.sqlx: $(ls "$collected/$crate" | wc -l) queries"
    elif ! diff --recursive --brief "$collected/$crate" "shared/$crate/.sqlx"; then
        echo "shared/$crate/.sqlx is stale: run 'make sqlx' and commit it" >&2
        exit 1
    fi
done
