# The two commands a newcomer types are `make reproduce` and `make test`. Everything else is CMake's.
SHELL := /bin/bash
BUILD := build/release

.PHONY: build reproduce test test-all bench install-dependencies format lint clean

build: install-dependencies
	cmake --preset release && cmake --build --preset release

test: build
	cmake --preset sanitize && cmake --build --preset sanitize
	ctest --preset release -L fast
	ctest --preset sanitize -L fast

test-all: test
	ctest --preset release -L slow

reproduce: build
	$(BUILD)/biascope reproduce all --out out/figures

install-dependencies:
	@./cmake/install-dependencies.sh

format:
	clang-format -i include/*.h src/*/*.[ch] tests/*.[ch]

clean:
	rm -rf build out
