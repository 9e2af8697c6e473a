# Unopened. `make help` says what there is.
SHELL    := /bin/bash
GO       ?= go
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS  := -s -w -X main.version=$(VERSION)
export GOAMD64 := v1
export CGO_ENABLED := 0
MODULE   := github.com/unopened/unopened
GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help build demo test soak fuzz lint fmt bench ablation cost eval clean

# The tests with a long form: those that ask for UNOPENED_SOAK.
SOAK := engine:TestKilledRunEqualsCleanReplay engine:TestDamageIsFoundAndFallsBack engine:TestWarmUpCountsEverythingOnce \
	engine:TestRepartitionedRunEqualsCleanReplay engine:TestCrashAtEveryStepOfASeal engine:TestStreamDeliveredTenTimesIsTheSame \
	engine:TestTenDeliveriesWithKills engine:TestAccountLogAloneDecides \
	engine:TestFloodOfFreshAccounts engine:TestFloodCannotEvictASuspect engine:TestOneAccountWritesToMany engine:TestManyAccountsWriteToOne \
	features:TestCeilingUnderAttack features:TestChosenPseudonymsDoNotCollide \
	cmd/unopened:TestKilledServiceEqualsCleanReplay cmd/unopened:TestHostileRecordsChangeNothing cmd/unopened:TestNothingOfContentComesOut \
	ingest/kafka:TestErrorCodes ingest/kafka:TestMoves ingest/kafka:TestMembers ingest/kafka:TestProcesses ingest/kafka:TestOutages

# How long each fuzz target runs: 1000000x is so many executions, 60s so much time. Go's default of a minute for making
# each new input smaller would take most of it.
FUZZTIME ?= 1000000x

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-8s %s\n", $$1, $$2}'

build: ## build bin/unopened
	@mkdir -p bin
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/unopened ./cmd/unopened

demo: build ## simulate a messenger and watch it go through Kafka's protocol, features, scores, ClickHouse and webhooks
	@bin/unopened demo

test: ## run every test, with a real Kafka broker and a real ClickHouse where this machine can have them
	@mkdir -p build
	$(GO) vet ./...
	@set -o pipefail; $(GO) test -v -count=1 -timeout 45m ./... 2>&1 | tee build/test.log | \
		{ grep -vE '^(=== |[[:space:]]*--- PASS|PASS$$|[?])|level=(INFO|WARN|ERROR)' || true; }

soak: ## run the long forms of the tests, hours in all, with every part they need; one that passed is not run again until `make clean`
	@mkdir -p build/soak
	@set -o pipefail; for part in $(SOAK); do \
		log=build/soak/$${part//[:\/]/.}; \
		if [ -f $$log.passed ]; then echo "passed before: $$part"; continue; fi; \
		echo "running: $$part"; \
		CI=true UNOPENED_SOAK=1 $(GO) test -count=1 -timeout 12h -v -run "^$${part#*:}$$" ./$${part%:*} 2>&1 | tee $$log.log | \
			{ grep -vE '^(=== |PASS$$)|level=(INFO|WARN|ERROR)' || true; } && mv $$log.log $$log.passed || exit 1; \
	done

fuzz: ## run every fuzz target for FUZZTIME (1000000x) and print a table; GOMAXPROCS=1 leaves the machine room
	@mkdir -p build/fuzz
	@$(GO) test -list '^Fuzz' ./... > build/fuzz/targets
	@failed=0; printf '%-22s %-12s %12s %8s  %s\n' TARGET PACKAGE EXECUTIONS SECONDS OUTCOME; \
	while read -r target package; do \
		log=build/fuzz/$$target.log; folder=$${package#$(MODULE)}; \
		if $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x -timeout 0 .$$folder > $$log 2>&1 < /dev/null; \
		then outcome=passed; else outcome="FAILED, see $$log"; failed=1; fi; \
		awk -v t=$$target -v p=$${folder#/} -v o="$$outcome" '/^fuzz: elapsed: .*execs: / { gsub(",", ""); n = $$5 } \
			/^(ok|FAIL)[[:space:]]/ { s = $$3 } END { printf "%-22s %-12s %12d %8s  %s\n", t, p, n, s, o }' $$log; \
	done < <(awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { for (i = 0; i < n; i++) print names[i], $$2; n = 0 }' build/fuzz/targets); \
	exit $$failed

lint: ## run the linters (golangci-lint is built on first use)
	$(GO) run $(GOLANGCI) run ./...

fmt: ## format the code
	gofmt -w $$(git ls-files '*.go')

bench: ## measure, print goals beside values, write build/bench.json; ONLY="pipeline update" takes parts
	@mkdir -p build
	UNOPENED_BENCH_ONLY="$(ONLY)" UNOPENED_BENCH=$(CURDIR)/build/bench.json $(GO) test -count=1 -timeout 45m -run '^TestBenchTable$$' -v ./cmd/unopened

cost: ## measure what events and accounts cost as their number grows, and draw docs/cost.svg
	UNOPENED_BENCH_PLOT=$(CURDIR)/docs/cost.svg $(GO) test -count=1 -timeout 45m -run '^TestBenchScale$$' -v ./cmd/unopened

eval: ## evaluate the models on fixed scenarios, write the tables of docs/evaluation.md, fail where a guarded figure fell; ACCEPT=1 takes the new ones
	UNOPENED_EVAL=$(CURDIR)/docs UNOPENED_EVAL_ACCEPT="$(ACCEPT)" $(GO) test -count=1 -timeout 60m -run '^TestEvaluation$$' -v ./cmd/unopened

ablation: ## measure what each family of features carries, on the simulator
	UNOPENED_ABLATION=1 $(GO) test -count=1 -timeout 60m -run '^TestAblation$$' -v ./cmd/unopened

clean: ## remove what was built
	rm -rf bin build
