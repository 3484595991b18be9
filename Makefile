# What can be made, each as a person or a machine asks for it. Demo, tests and faults use the debug build, so that
# it is built once; what is installed and measured is a release build of its own.

.PHONY: help demo faults bench test build release install image format lint generate packages clean check-deep soak

help:
	@echo "make demo [KEEP=1] [CUTS=n]  a fleet on this machine: a shop, a backup, a disaster, a restore (root)"
	@echo "make test                    build, check format and generated code, run all tests (root runs all of them)"
	@echo "make faults [FILTER=cell]    every fault in every phase of a cut, on a real fleet: docs/faults.md (root)"
	@echo "make bench [MEMBERS=3] [CUTS=10]  how long members are held, against other orders and the limit (root)"
	@echo "make check-deep              search larger bounds of the cut's model: tens of minutes"
	@echo "make soak SEEDS=n            simulate n whole fleets under faults; says what they reached"
	@echo "make build                   build all programs into .build/debug"
	@echo "make release                 build what is installed: optimised, needs no toolchain to run, into dist/"
	@echo "make install [DESTDIR=DIR]   install that, with units, examples and documentation (root)"
	@echo "make image [IMAGE=name:tag]  make a container image of that release, into dist/ (root)"
	@echo "make packages                install the Debian packages that demo and tests use (root)"
	@echo "make format | lint           write | check the format of the sources"
	@echo "make generate                generate the code of the wire modules, and the chart, anew"
	@echo "make clean                   remove what was built, and what an interrupted demo left"
	@echo "make fuzz [TARGET=x] [SECONDS=n]  hostile input for every reader, n seconds each (60); finds end it with 1"

demo:
	@scripts/demo $(if $(KEEP),--keep) $(if $(CUTS),--cuts $(CUTS))

faults:
	@FILTER='$(FILTER)' scripts/faults

bench:
	@scripts/bench $(if $(MEMBERS),--members $(MEMBERS)) $(if $(CUTS),--cuts $(CUTS))

test:
	@scripts/test

check-deep:
	STILLPOINT_DEEP=1 swift test --filter ExhaustiveTests

soak:
	STILLPOINT_SEEDS=$(or $(SEEDS),20000) swift test --filter SimulatorTests.SeededRunTests

build:
	swift build

release:
	@scripts/release

install:
	@DESTDIR="$(DESTDIR)" scripts/install

image:
	@IMAGE="$(IMAGE)" scripts/image

packages:
	@scripts/install-packages

format:
	swift format --in-place --parallel --recursive Package.swift Sources Tests

lint:
	@scripts/lint

generate:
	scripts/generate
	scripts/generate-chart

clean:
	@if [ -x .build/debug/stillpoint-demo ]; then .build/debug/stillpoint-demo clean; fi
	swift package clean
	rm -rf dist .build-release

.PHONY: fuzz
fuzz:
	@scripts/fuzz $(if $(TARGET),--target $(TARGET)) $(if $(SECONDS),--seconds $(SECONDS))
