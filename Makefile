# `make demo` shows the function at work against a simulated AWS account, `make
# check` is the loop while you change something, `make test` checks everything.

.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: demo check test suites lint compile cargo-deny deny advisories test-rust test-build test-deploy \
        test-moto test-terraform test-complete test-release soak simulate measure bench planted

# The architectures to build the function for: this one, and the other wherever
# Rust's target for it is installed.
HERE := $(patsubst aarch64,arm64,$(shell uname -m))
INSTALLED := $(patsubst aarch64-%,arm64,$(patsubst x86_64-%,x86_64,$(shell rustup target list --installed 2>/dev/null)))
artifact = target/sam/$(1)/Function/bootstrap
ARTIFACT := $(call artifact,$(HERE))
ARTIFACTS := $(foreach architecture,$(sort $(HERE) $(INSTALLED)),$(call artifact,$(architecture)))

# Where it is set, every start of sam, cfn-lint, checkov or aws would compile its
# thousands of modules anew.
unexport PYTHONDONTWRITEBYTECODE

# Clippy compiles what is ours: the pass that lints it also builds it, and no
# dependency is checked for the sake of lints. In CI warnings are errors, and
# nothing is noted for a next build or for a debugger.
CARGO := $(if $(CI),CARGO_INCREMENTAL=0 CARGO_PROFILE_DEV_DEBUG=0 RUSTFLAGS=--deny=warnings) RUSTC_WORKSPACE_WRAPPER=clippy-driver cargo

demo:
	@cargo build --workspace --bins
	@./target/debug/demo

# nextest where it is installed: it runs tests side by side, each in a process.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
CARGO_TEST := $(CARGO) $(if $(NEXTEST),nextest run,test) --workspace

# Lints, unit tests and those of the wire; `make test` adds hostile input and
# histories.
check: lint compile
	$(CARGO_TEST) --lib --bins --test docs --test reference --test wire

# Five suites at a time: while some wait for a download, for Terraform or for
# silent servers, the others keep two processors busy. Each suite's output comes
# in one piece, and one that fails stops no other.
#
# What takes much of a processor gives way to the artifact: minutes of tests that
# need it mostly wait.
AFTER_ARTIFACT := nice -n 5

test:
	@$(MAKE) --no-print-directory --jobs=5 --output-sync=target --keep-going suites

suites: compile $(ARTIFACTS) test-terraform test-release test-complete test-rust test-deploy test-moto deny test-build

lint:
	cargo fmt --all --check

# Every selection of the whole workspace has the same features. Any other would
# compile the SDK once more.
compile: | lint
	$(AFTER_ARTIFACT) env $(CARGO) build --workspace --all-targets

# What may be in the dependency tree. Its installation compiles for minutes, so
# it is checked where cargo-deny is installed, and in test.yml.
CARGO_DENY := 0.20.2

deny:
	@if cargo deny --version 2>/dev/null | grep -qx 'cargo-deny $(CARGO_DENY)'; then \
	    cargo fetch --locked && cargo deny --offline check licenses bans sources; \
	else \
	    echo 'skipped: no cargo-deny $(CARGO_DENY), .github/workflows/test.yml has it'; \
	fi

cargo-deny:
	cargo install cargo-deny --locked --version $(CARGO_DENY)

# The list of advisories comes from the network, so it is checked apart.
advisories: cargo-deny
	cargo deny check advisories

# Ticks of random histories: a tick of an unoptimised build takes some 8 ms. The
# nightly workflow plays a hundred times as many.
test-rust: compile
	SIMULATION_TICKS=2000 $(AFTER_ARTIFACT) env $(CARGO_TEST)
	$(CARGO) test --workspace --doc

# Python tools, each set in an environment of its own because their pins
# disagree: `$(VENV)/moto/.ready` makes the one of tests/python/requirements/moto.txt.
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

# The pictures of docs/ and README: a recording of the demonstration, and the
# dashboard over a simulated day, whose clock is libfaketime's. Tests and
# nightly.yml hold them to what they show.
.PHONY: pictures recording dashboard
FAKETIME = $(wildcard $(VENV)/pictures/lib/python3*/site-packages/libfaketime/vendor/libfaketime/src/libfaketime.so.1)
pictures: recording dashboard

recording: compile
	python3 tests/python/pictures/recording.py

dashboard: compile $(VENV)/pictures/.ready $(VENV)/lint/.ready
	$(VENV)/lint/bin/python tests/python/pictures/dashboard.py $(abspath $(FAKETIME))

# What is deployed, made as docs/operations.md says: the one optimised build.
# One architecture after the other, because both pass through target/lambda.
$(filter-out $(ARTIFACT),$(ARTIFACTS)): | $(ARTIFACT)

$(ARTIFACTS): target/sam/%/Function/bootstrap: $(shell find src core/src -name '*.rs') \
                                               Cargo.toml core/Cargo.toml Cargo.lock template.yaml \
                                               $(VENV)/sam/.ready $(VENV)/cargo-lambda/.ready
	PATH="$(CURDIR)/$(VENV)/cargo-lambda/bin:$$PATH" SAM_CLI_TELEMETRY=0 $(VENV)/sam/bin/sam build \
	    --build-dir target/sam/$* --parameter-overrides Architecture=$* --region eu-west-1
	@touch $@

test-build: $(ARTIFACTS) $(VENV)/lint/.ready compile
	$(VENV)/lint/$(PYTEST) tests/python/deploy/test_build.py

test-deploy: $(VENV)/lint/.ready $(VENV)/sam/.ready $(VENV)/cargo-lambda/.ready compile
	$(VENV)/lint/$(PYTEST) tests/python/deploy --ignore tests/python/deploy/test_build.py

test-moto: $(VENV)/moto/.ready $(VENV)/awscli/.ready $(VENV)/sam/.ready compile
	$(VENV)/moto/$(PYTEST) tests/python/moto

# Side by side, because Terraform mostly waits. All but one of its suites need no
# program of ours, and begin at once.
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

# Whether the artifact keeps its pace, on an idle machine.
measure: $(ARTIFACT)
	$(on-artifact) --test-threads 1 artifact:: measure::

# The function beside boto3, on an idle machine, as root (for a share of a core):
# the tables of docs/performance.md. QUICK=1 only prints, after a few minutes.
bench: $(ARTIFACT) $(VENV)/bench/.ready
	cargo bench -p eks-nlb-simulator --profile simulation --bench against_boto3 -- \
	    $(CURDIR)/$(ARTIFACT) $(CURDIR)/$(VENV)/bench/bin/python $(if $(QUICK),,$(CURDIR)/docs/performance.md)

# The shipped code through random histories, and through control planes that are
# replaced under traffic, in an optimised build.
histories = SIMULATION_TICKS=$(1) SIMULATION_SEED=$(2) cargo test --profile simulation --test simulation -- --nocapture

simulate:
	$(call histories,200000,0) --include-ignored

# For hours, with the seed of every day and with one of this day.
TODAY := $(shell date +%Y%m%d)

soak: $(ARTIFACT)
	SOAK_SEED=0 $(on-artifact) soak::
	SOAK_SEED=$(TODAY) $(on-artifact) soak::
	$(call histories,2000000,0)
	$(call histories,2000000,$(TODAY))

# Bugs that the tests are there to find, planted one after the other: all, or
# those with BUG in their paths.
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
