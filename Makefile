# Two commands do everything: `make demo` shows the function at work against a
# simulated AWS account, `make test` checks all there is to check.

.DELETE_ON_ERROR:
.PHONY: demo test lint deny advisories test-rust test-deploy test-moto test-terraform test-artifact \
        test-soak soak simulate measure programs

demo:
	@cargo build --workspace --bins
	@./target/debug/demo

test: lint deny test-rust simulate test-deploy test-moto test-terraform test-artifact test-soak

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets $(if $(CI),-- -D warnings)

# What may be in the dependency tree.
CARGO_DENY := 0.20.2

deny:
	@cargo deny --version 2>/dev/null | grep -qx 'cargo-deny $(CARGO_DENY)' || \
	    cargo install --quiet cargo-deny --locked --version $(CARGO_DENY)
	cargo fetch --locked
	cargo deny --offline check licenses bans sources

# The list of advisories comes from the network, so it is checked apart.
advisories: deny
	cargo deny check advisories

# nextest where it is installed: it runs tests side by side and one a process.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
CARGO_TEST := $(if $(NEXTEST),cargo nextest run,cargo test)

test-rust:
	$(CARGO_TEST) --workspace
	cargo test --workspace --doc

# Python tools, each set in an environment of its own because their pins
# disagree: `$(VENV)/moto/.ready` makes the one of tests/python/requirements/moto.txt.
VENV := target/venv
PYTEST := bin/pytest -q -rs -p no:cacheprovider

$(VENV)/%/.ready: tests/python/requirements/%.txt
	python3 -m venv --clear $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	@touch $@

.PRECIOUS: $(VENV)/%/.ready

programs:
	cargo build --workspace --bins

# The artifact that is deployed, which `sam build` makes with cargo-lambda: the
# one optimised build.
ARTIFACT := target/lambda/eks-nlb-sync/bootstrap

$(ARTIFACT): $(wildcard src/*.rs src/*/*.rs) Cargo.toml Cargo.lock template.yaml \
             $(VENV)/lint/.ready $(VENV)/sam/.ready $(VENV)/cargo-lambda/.ready | programs
	$(VENV)/lint/$(PYTEST) -s tests/python/deploy/test_build.py
	@touch $@

test-deploy: $(ARTIFACT)
	$(VENV)/lint/$(PYTEST) tests/python/deploy --ignore tests/python/deploy/test_build.py

test-moto: $(VENV)/moto/.ready programs
	$(VENV)/moto/$(PYTEST) tests/python/moto

test-terraform: $(VENV)/terraform/.ready $(VENV)/lint/.ready programs
	$(VENV)/terraform/$(PYTEST) tests/python/terraform

on-artifact = EKS_NLB_SYNC_PROGRAM=$(CURDIR)/$(ARTIFACT) cargo test --test artifact -- --ignored --nocapture --test-threads 1

test-artifact: $(ARTIFACT)
	$(on-artifact) --skip compared

# One process through hundreds of invocations with faults at random, or thousands.
on-soak = EKS_NLB_SYNC_PROGRAM=$(CURDIR)/$(ARTIFACT) cargo test --test soak -- --ignored --nocapture

test-soak: $(ARTIFACT)
	SOAK_INVOCATIONS=300 $(on-soak)

soak: $(ARTIFACT)
	$(on-soak)
	$(call on-histories,2000000) -- --nocapture

# The shipped code through random histories, in an optimised build.
on-histories = SIMULATION_TICKS=$(1) cargo test --profile simulation --test simulation

simulate:
	$(call on-histories,200000) -- --include-ignored --nocapture

# The figures of docs/performance.md.
measure: test-artifact
	$(on-artifact) compared

# A release, without what this machine's paths would leave in it: an archive for
# each architecture that can be built here, SBOM, licences and checksums in dist/.
# The tools compile for minutes once.
.PHONY: package
CARGO_CYCLONEDX := 0.5.9
CARGO_ABOUT := 0.8.2
PACKAGED := $(patsubst aarch64,arm64,$(shell uname -m))
package: export RUSTFLAGS := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(CURDIR)=/source
package: export CARGO_TARGET_DIR := $(CURDIR)/target/package

package: $(VENV)/cargo-lambda/.ready
	@cargo cyclonedx --version 2>/dev/null | grep -q ' $(CARGO_CYCLONEDX)' || cargo install cargo-cyclonedx --locked --version $(CARGO_CYCLONEDX)
	@cargo about --version 2>/dev/null | grep -q ' $(CARGO_ABOUT)' || cargo install cargo-about --features cli --locked --version $(CARGO_ABOUT)
	rm -rf dist && mkdir dist
	cargo about generate --locked --config packaging/about.toml --output-file dist/THIRD-PARTY-LICENSES.html packaging/about.hbs
	packaging/sbom.sh dist/sbom.cdx.json
	for architecture in $(PACKAGED); do \
	    PATH="$(CURDIR)/$(VENV)/cargo-lambda/bin:$$PATH" cargo lambda build --release --locked --bin eks-nlb-sync \
	        $$(test $$architecture = arm64 && echo --arm64 || echo --x86-64) && \
	    packaging/package.py $$architecture $(CARGO_TARGET_DIR)/lambda/eks-nlb-sync/bootstrap dist || exit 1; \
	done
