# The two commands a newcomer types are `make reproduce` and `make test`. Everything else is CMake's.
SHELL := /bin/bash
BUILD := build/release
PREFIX ?= /usr/local
JOBS := $(shell nproc)
SOURCES := $(wildcard include/*.h src/*/*.[ch] src/*/*/*.[ch] tests/*.[ch] tests/consumer/*.c* tests/fuzz/*.c examples/*.c bench/*.[ch] bench/program/*.[ch])

.PHONY: build setup test test-all reproduce explorer bench bench-solve coverage fuzz threads lint format install wheel clean

# Installs nothing; where a package is missing, CMake names it, and `make setup` brings it.
build:
	cmake --preset release && cmake --build --preset release

# Installs the Debian packages that are missing.
setup:
	@./cmake/install-dependencies.sh

test: setup build
	cmake --preset sanitize && cmake --build --preset sanitize
	ctest --preset release -L fast -j $(JOBS)
	ctest --preset sanitize -L fast -j $(JOBS)

test-all: test lint
	./cmake/install-dependencies.sh slow
	ctest --preset release -L slow
	run-clang-tidy -quiet -p $(BUILD) "$(CURDIR)/src/.*" # its own paths through each function, beside gcc's of `make lint`
	$(MAKE) threads
	$(MAKE) fuzz FUZZ_FLAGS=-max_total_time=9

# What makes threads (products of sparse data, figures, sweeps), watched by the thread sanitizer: a race is exit code 66.
threads: setup
	cmake --preset thread && cmake --build --preset thread --target biascope test_train_tiles test_train_blocks
	OPENBLAS_NUM_THREADS=1 build/thread/tests/test_train_tiles
	OPENBLAS_NUM_THREADS=1 build/thread/tests/test_train_blocks
	OPENBLAS_NUM_THREADS=1 build/thread/biascope reproduce fig2 --out build/thread/figures --quiet
	OPENBLAS_NUM_THREADS=1 BIASCOPE=$(CURDIR)/build/thread/biascope BIASCOPE_TEST_DATA=$(CURDIR)/tests/data \
	  /usr/bin/python3 -m pytest -q -p no:cacheprovider -n auto -m "not slow" tests/cli/test_sweep.py

# Every fuzz target in turn, with the corpus it has grown in build/fuzz; FUZZ_FLAGS are libFuzzer's.
FUZZ_FLAGS ?= -runs=10000000
fuzz:
	./cmake/install-dependencies.sh fuzz
	cmake --preset fuzz && cmake --build --preset fuzz
	@for target in build/fuzz/tests/fuzz/fuzz_*; do \
	  subject=$${target##*/fuzz_}; mkdir -p build/fuzz/corpus/$$subject build/fuzz/findings; \
	  $$target $(FUZZ_FLAGS) -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -close_fd_mask=3 \
	    -artifact_prefix=build/fuzz/findings/ build/fuzz/corpus/$$subject tests/fuzz/corpus/$$subject \
	    >build/fuzz/$$subject.log 2>&1 || { tail -40 build/fuzz/$$subject.log; exit 1; }; \
	  echo "$$subject: $$(sed -n 's/stat::number_of_executed_units: *//p' build/fuzz/$$subject.log) executions, no finding"; done

# The Python package: its source, and wheels for the interpreters named in PYTHONS (the oldest and the newest if none is).
wheel: setup
	./cmake/install-dependencies.sh python
	bindings/python/wheel.sh build/wheel $(PYTHONS)

reproduce: setup build
	$(BUILD)/biascope reproduce all --out out/figures

# The page docs/explorer.html, which is committed: no other target needs what builds it.
explorer:
	./cmake/install-dependencies.sh explorer
	explorer/build.sh $(CURDIR)/build/explorer docs/explorer.html

# The max-margin solvers beside HiGHS, Clarabel and LIBLINEAR alone.
bench-solve: setup build
	./cmake/install-dependencies.sh bench
	BIASCOPE=$(BUILD)/biascope bench/bench_solve.py

# Every bench/bench_* is a program of its own; one at a time, for they measure time.
bench: setup build
	./cmake/install-dependencies.sh bench
	@set -e; for program in bench/bench_*; do echo "== $$program"; BIASCOPE=$(BUILD)/biascope "$$program"; done

# Of the fast tests, a table of the folders' coverage; docs/testing.md says what counts, and what is asked of which.
coverage: setup
	./cmake/install-dependencies.sh coverage
	cmake --preset coverage && cmake --build --preset coverage
	find build/coverage -name '*.gcda' -delete
	ctest --preset coverage -L fast -j $(JOBS)
	gcovr --root . --filter src/ --object-directory build/coverage --exclude-unreachable-branches --exclude-throw-branches \
	  --html-details build/coverage/report.html --json-summary build/coverage/summary.json build/coverage
	cmake/coverage_table.py src/data:95:90 src/margin:95:90 src/train:95:90 src/limit:95:90 <build/coverage/summary.json

lint: setup build
	./cmake/install-dependencies.sh lint
	cmake --preset analyze && cmake --build --preset analyze
	clang-format --dry-run --Werror $(SOURCES)
	run-clang-tidy -quiet -p $(BUILD) -checks='-clang-analyzer-*' "$(CURDIR)/src/.*"
	cppcheck -j $(JOBS) --quiet --error-exitcode=1 --std=c11 --inline-suppr \
	  --enable=warning,performance,portability --suppress=invalidFunctionArg -I include -I src src # log 0 = -inf is meant

format:
	clang-format -i $(SOURCES)

install: build
	cmake --install $(BUILD) --prefix $(PREFIX)

clean:
	rm -rf build out
