# The two commands a newcomer types are `make reproduce` and `make test`. Everything else is CMake's.
SHELL := /bin/bash
BUILD := build/release
PREFIX ?= /usr/local
JOBS := $(shell nproc)
SOURCES := $(wildcard include/*.h src/*/*.[ch] tests/*.[ch] tests/consumer/*.c* examples/*.c bench/*.[ch])

.PHONY: build test test-all reproduce bench coverage lint format install install-dependencies clean

build: install-dependencies
	cmake --preset release && cmake --build --preset release

test: build
	cmake --preset sanitize && cmake --build --preset sanitize
	ctest --preset release -L fast -j $(JOBS)
	ctest --preset sanitize -L fast -j $(JOBS)

test-all: test
	ctest --preset release -L slow

reproduce: build
	$(BUILD)/biascope reproduce all --out out/figures

# Every bench/bench_* is a program of its own; one at a time, for they measure time.
bench: build
	./cmake/install-dependencies.sh bench
	@set -e; for program in bench/bench_*; do echo "== $$program"; BIASCOPE=$(BUILD)/biascope "$$program"; done

coverage: install-dependencies
	./cmake/install-dependencies.sh coverage
	cmake --preset coverage && cmake --build --preset coverage
	ctest --preset coverage -L fast -j $(JOBS)
	gcovr --root . --filter src/ --object-directory build/coverage --print-summary --html-details build/coverage/report.html

lint: build
	./cmake/install-dependencies.sh lint
	clang-format --dry-run --Werror $(SOURCES)
	run-clang-tidy -quiet -p $(BUILD) "$(CURDIR)/src/.*"
	cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr --suppressions-list=.cppcheck-suppressions \
	  --enable=warning,performance,portability -I include -I src src

format:
	clang-format -i $(SOURCES)

install: build
	cmake --install $(BUILD) --prefix $(PREFIX)

install-dependencies:
	@./cmake/install-dependencies.sh

clean:
	rm -rf build out
