# One command for each thing a person does here. Each does everything it needs first, from missing
# Debian packages on; what is there already costs nothing. Settings come from the environment:
# MOAT_CUDA=1, MOAT_PORTABLE=1, MOAT_SYSTEM_LLAMA=1 (for a new build directory), MOAT_JOBS, MOAT_CACHE.

.DEFAULT_GOAL := help
BUILD := build/release
export MOAT_JOBS ?= $(shell nproc)

.PHONY: help setup deps build demo test nightly lint format bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup:
	@scripts/setup.sh

deps: setup
	@scripts/jieba.sh
	@scripts/hnswlib.sh
	@[ -n "$$MOAT_SYSTEM_LLAMA" ] || scripts/llama.sh

build: deps ## the server and everything it needs, in build/release
	@scripts/build.sh $(BUILD)

demo: deps ## indexes a folder of documents, asks questions, leaves the server running
	@scripts/build.sh $(BUILD) moat
	@scripts/minilm.sh
	@scripts/demo.sh $(BUILD)/bin/moat

test: build ## all tests
	@scripts/test.sh $(BUILD)

lint: build ## layout, shell scripts, clang-tidy (minutes at first, then what changed); changes nothing
	@scripts/lint.sh

format: setup ## lays out all C++ files
	@git ls-files --cached --others --exclude-standard -z -- '*.cc' '*.h' | xargs -0 clang-format-19 -i

nightly: build ## a thousand kills and power failures under a store that writes (half an hour)
	@scripts/nightly.sh $(BUILD)

bench: build ## the benchmarks with their references; results on the screen
	@scripts/bench.sh $(BUILD)

clean: ## removes build/; the cache outside the tree stays (scripts/lib.sh says where)
	@rm -rf build
