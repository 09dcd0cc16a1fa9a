# Two commands do everything: `make demo` shows the function at work against a
# simulated AWS account, `make test` checks all there is to check.

.DELETE_ON_ERROR:
.PHONY: demo test lint test-rust test-artifact measure

demo:
	@cargo build --workspace --bins
	@./target/debug/demo

test: lint test-rust test-artifact

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets

# nextest where it is installed: it runs tests side by side and one a process.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
CARGO_TEST := $(if $(NEXTEST),cargo nextest run,cargo test)

test-rust:
	$(CARGO_TEST) --workspace
	cargo test --workspace --doc

# The tests that need the artifact, an optimised build.
ARTIFACT := target/release/eks-nlb-sync

test-artifact:
	cargo build --release
	EKS_NLB_SYNC_PROGRAM=$(CURDIR)/$(ARTIFACT) cargo test --test artifact -- --ignored --nocapture --test-threads 1 --skip compared

# The figures of docs/performance.md.
measure: test-artifact
	EKS_NLB_SYNC_PROGRAM=$(CURDIR)/$(ARTIFACT) cargo test --test artifact -- --ignored --nocapture --test-threads 1 compared
