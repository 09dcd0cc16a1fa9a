# `make demo` shows the function at work against a simulated AWS account, `make
# check` is the loop while you change something, `make test` checks everything.

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: demo check test suites lint compile cargo-deny deny advisories test-rust test-build test-deploy \
        test-moto test-terraform test-complete test-release soak simulate measure measure-cli bench planted

# The architectures to build the function for: this one, and the other wherever
# Rust's target for it is installed.
HERE := $(patsubst aarch64,arm64,$(shell uname -m))
INSTALLED := $(patsubst aarch64-%,arm64,$(patsubst x86_64-%,x86_64,$(shell rustup target list --installed 2>/dev/null)))
artifact = target/sam/$(1)/Function/bootstrap
ARTIFACT := $(call artifact,$(HERE))
ARTIFACTS := $(foreach architecture,$(sort $(HERE) $(INSTALLED)),$(call artifact,$(architecture)))

# With it, every start of sam, cfn-lint, checkov or aws would compile thousands of
# modules again.
unexport PYTHONDONTWRITEBYTECODE

# Clippy compiles the workspace's crates, so one pass lints and builds them, and
# dependencies are compiled once. In CI warnings are errors, and incremental data
# and debug information are left out.
CARGO := $(if $(CI),CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 RUSTFLAGS=--deny=warnings) RUSTC_WORKSPACE_WRAPPER=clippy-driver cargo

demo:
	@cargo build --workspace --bins
	@./target/debug/demo

# nextest where it is installed: it runs tests in parallel, each in a process.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
CARGO_TEST := $(CARGO) $(if $(NEXTEST),nextest run,test) --workspace

# Lints, unit tests, order and pace in simulated time, transcripts of runs, and the program over the wire; `make test` adds hostile input,
# simulated histories and replayed recordings.
check: lint compile
	$(CARGO_TEST) $(if $(NEXTEST),--profile check) --lib --bins --test docs --test reference --test timing --test transcripts --test wire \
	    $(if $(NEXTEST),,-- --skip replay::tests::)

# Five suites at a time: while some wait for a download, for Terraform or for
# silent servers, the others use the two processors. The output of each suite is
# printed in one piece, and a suite that fails stops no other.
#
# Suites that need much CPU run at a lower priority than the build of the artifact,
# because the tests of the artifact mostly wait.
AFTER_ARTIFACT := nice -n 5

test:
	@$(MAKE) --no-print-directory --jobs=5 --output-sync=target --keep-going suites

suites: compile $(ARTIFACTS) test-terraform test-release test-complete test-rust test-deploy test-moto deny test-build

lint:
	cargo fmt --all --check

# Build the whole workspace: another selection has other features, and would compile
# the SDK again.
compile: | lint
	$(AFTER_ARTIFACT) env $(CARGO) build --workspace --all-targets

# Licences, bans and sources of the dependencies. cargo-deny compiles for minutes, so
# this runs where it is installed, and in test.yml.
CARGO_DENY := 0.20.2

deny:
	@if cargo deny --version 2>/dev/null | grep -qx 'cargo-deny $(CARGO_DENY)'; then \
	    cargo fetch --locked && cargo deny --offline check licenses bans sources; \
	else \
	    echo 'skipped: no cargo-deny $(CARGO_DENY), .github/workflows/test.yml has it'; \
	fi

cargo-deny:
	cargo install cargo-deny --locked --version $(CARGO_DENY)

# The list of advisories comes from the network, so it is a target of its own.
advisories: cargo-deny
	cargo deny check advisories

# Ticks of random histories: a tick of an unoptimised build takes some 8 ms. The
# nightly workflow runs a hundred times as many.
test-rust: compile
	SIMULATION_TICKS=2000 $(AFTER_ARTIFACT) env $(CARGO_TEST)
	$(CARGO) test --workspace --doc

# Python tools, in an environment for each set because their pins conflict: `$(VENV)/moto/.ready` makes the one of tests/python/requirements/moto.txt.
# The `.in` files name the tools; the `.txt` files pin them and all that they
# need, with the hashes of their archives. `make requirements` writes these.
VENV := target/venv
UV := $(VENV)/uv/bin/uv
PYTEST := bin/pytest

$(UV): tests/python/requirements/uv.txt
	python3 -m venv --clear $(VENV)/uv
	$(VENV)/uv/bin/pip install --quiet --require-hashes --requirement $<
	@touch $@

$(VENV)/%/.ready: tests/python/requirements/%.txt $(UV)
	$(UV) venv --quiet --clear --python python3 $(@D)
	$(UV) pip install --quiet --python $(@D) --require-hashes --requirement $<
	@touch $@

.PHONY: requirements
requirements: $(UV)
	for tools in tests/python/requirements/*.in; do \
	    $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command 'make requirements' \
	        --output-file $${tools%.in}.txt $$tools || exit 1; \
	done

.PRECIOUS: $(VENV)/%/.ready

# Everything in docs/, the templates and the modules that is written from another
# place, and the transcripts of runs. Its tests say so when a part is not up to date.
.PHONY: generated
generated: $(VENV)/terraform/.ready
	UPDATE_DOCS=1 $(CARGO) test --workspace --bins --test reference --test wire -- generated
	UPDATE_DOCS=1 $(CARGO) test --workspace --test transcripts
	$(VENV)/terraform/bin/python tests/python/terraform/module_docs.py

# The pictures of docs/ and README: a recording of the demonstration, and the
# dashboard over a simulated day, whose clock is libfaketime's. Tests and
# nightly.yml compare them with the programs.
.PHONY: pictures recording dashboard
FAKETIME = $(wildcard $(VENV)/pictures/lib/python3*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1)
pictures: recording dashboard

recording: compile
	python3 tests/python/pictures/recording.py

dashboard: compile $(VENV)/pictures/.ready $(VENV)/lint/.ready
	$(VENV)/lint/bin/python tests/python/pictures/dashboard.py $(abspath $(FAKETIME))

# The artifact, built as docs/operations.md says: the only optimised build. One
# architecture after the other, because both use target/lambda.
$(filter-out $(ARTIFACT),$(ARTIFACTS)): | $(ARTIFACT)

$(ARTIFACTS): target/sam/%/Function/bootstrap: $(shell find src core/src -name '*.rs') \
                                               Cargo.toml core/Cargo.toml Cargo.lock template.yaml \
                                               $(VENV)/sam/.ready $(VENV)/cargo-lambda/.ready
	PATH="$(CURDIR)/$(VENV)/cargo-lambda/bin:$$PATH" SAM_CLI_TELEMETRY=0 $(VENV)/sam/bin/sam build \
	    --build-dir target/sam/$* --parameter-overrides Architecture=$* --region eu-west-1
	@touch $@

test-build: $(ARTIFACTS) $(VENV)/lint/.ready compile
	$(VENV)/lint/$(PYTEST) tests/python/deploy/test_build.py

test-deploy: $(VENV)/lint/.ready $(VENV)/sam/.ready $(VENV)/cargo-lambda/.ready $(VENV)/pictures/.ready compile
	$(VENV)/lint/$(PYTEST) tests/python/deploy --ignore tests/python/deploy/test_build.py

test-moto: $(VENV)/moto/.ready $(VENV)/awscli/.ready $(VENV)/sam/.ready compile
	$(VENV)/moto/$(PYTEST) tests/python/moto

# In parallel, because Terraform mostly waits. All suites but one need no program of
# this workspace, and start at once.
test-terraform: $(VENV)/terraform/.ready $(VENV)/lint/.ready
	$(AFTER_ARTIFACT) $(VENV)/terraform/$(PYTEST) -n 8 --dist loadgroup tests/python/terraform \
	    --ignore tests/python/terraform/test_complete.py

# The modules' own tests in OpenTofu, which .github/workflows/test.yml has.
.PHONY: test-opentofu
test-opentofu: $(VENV)/terraform/.ready
	$(VENV)/terraform/$(PYTEST) tests/python/terraform/test_opentofu.py

test-complete: $(VENV)/terraform/.ready compile
	$(VENV)/terraform/$(PYTEST) tests/python/terraform/test_complete.py

on-artifact = EKS_NLB_SYNC_PROGRAM=$(CURDIR)/$(ARTIFACT) $(CARGO) test --workspace --test release -- --ignored --nocapture

test-release: $(ARTIFACT) compile
	SOAK_INVOCATIONS=300 $(on-artifact) artifact:: soak::

# Whether the artifact is as fast as documented. Needs an idle machine.
measure: $(ARTIFACT) measure-cli
	$(on-artifact) --test-threads 1 artifact:: measure::

# How long `eks-nlb status` and `plan` take for 300 clusters. Needs an idle machine.
measure-cli:
	cargo test --profile simulation --workspace --test measure -- --ignored --nocapture

# The function compared with boto3: writes the tables of docs/performance.md. Needs an
# idle machine and root (for a share of a core). QUICK=1 only prints, after a few
# minutes.
bench: $(ARTIFACT) $(VENV)/bench/.ready
	cargo bench -p eks-nlb-simulator --profile simulation --bench against_boto3 -- \
	    $(CURDIR)/$(ARTIFACT) $(CURDIR)/$(VENV)/bench/bin/python $(if $(QUICK),,$(CURDIR)/docs/performance.md)

# The shipped code in random histories, and with control planes that are replaced
# under traffic, and every plan for up to five targets, in an optimised build.
histories = SIMULATION_TICKS=$(1) SIMULATION_SEED=$(2) cargo test --profile simulation --test simulation -- --nocapture

simulate:
	$(call histories,200000,0) --include-ignored
	cargo test --profile simulation --package eks-nlb-sync-core --test exhaustive -- --nocapture --include-ignored

# What a recorded upgrade would have been with this function by each source, with
# other policies and with perfect judgement: docs/record.md.
.PHONY: replay
replay:
	@test -n "$(TRACE)" || { echo 'which trace? make replay TRACE=FILE' >&2; exit 1; }
	@cargo build --quiet --workspace --bins
	@./target/debug/eks-nlb replay "$(TRACE)"

# For hours, with a fixed seed and with one of this day.
TODAY := $(shell date +%Y%m%d)

soak: $(ARTIFACT)
	SOAK_SEED=0 $(on-artifact) soak::
	SOAK_SEED=$(TODAY) $(on-artifact) soak::
	$(call histories,2000000,0)
	$(call histories,2000000,$(TODAY))

# Plants bugs that the tests must find, one after the other: all, or those with BUG
# in their paths.
planted: $(VENV)/lint/.ready
	tests/planted.sh "$(BUG)"

# The documentation as a searchable book in target/book/book. The tools compile for
# some minutes; mermaid draws the diagrams.
.PHONY: book-tools book test-book
MDBOOK := 0.5.4
MDBOOK_MERMAID := 0.17.1
book-tools:
	cargo install mdbook --locked --version $(MDBOOK) --no-default-features --features search
	cargo install mdbook-mermaid --locked --version $(MDBOOK_MERMAID)

book:
	packaging/book.py target/book
	mdbook-mermaid install target/book
	mdbook build target/book

test-book: $(VENV)/lint/.ready
	$(VENV)/lint/$(PYTEST) tests/python/deploy/test_book.py

# A release, without what this machine's paths would leave in it: an archive for
# each architecture that can be built here, SBOM, licences and checksums in dist/.
.PHONY: package package-cli
PACKAGED := $(HERE)
package: export RUSTFLAGS := --remap-path-prefix=$(or $(CARGO_HOME),$(HOME)/.cargo)=/cargo --remap-path-prefix=$(CURDIR)=/source
package: export CARGO_TARGET_DIR := $(CURDIR)/target/package

package: $(VENV)/cargo-lambda/.ready
	rm -rf dist && mkdir dist
	packaging/sbom.sh dist/sbom.cdx.json
	packaging/licences.py dist/sbom.cdx.json > dist/THIRD-PARTY-LICENSES.txt
	for architecture in $(PACKAGED); do \
	    PATH="$(CURDIR)/$(VENV)/cargo-lambda/bin:$$PATH" cargo lambda build --release --locked --bin eks-nlb-sync \
	        $$(test $$architecture = arm64 && echo --arm64 || echo --x86-64) && \
	    packaging/package.py $$architecture $(CARGO_TARGET_DIR)/lambda/eks-nlb-sync/bootstrap dist || exit 1; \
	done

# The archive of the command line for this machine.
package-cli:
	packaging/cli.sh $$(rustc -vV | sed -n 's/^host: //p')
