# One command runs the system (make run), one passes the tests (make test).
.DEFAULT_GOAL := help
SHELL := /bin/bash
GO ?= go
BIN := bin
TOOLS := .tools/bin
# Tests wait, for time and for servers, more than they compute: so more of a package run at once than there are cores.
AT_ONCE := -parallel 6
# Minutes for one property: make rolling.
NO_ROLLING := -skip '^TestRollingUpdate'

help: ## Show what can be made
	@awk 'BEGIN{FS=":.*## "} /^[a-z][a-z0-9-]*:.*## /{printf "  %-20s %s\n",$$1,$$2}' $(MAKEFILE_LIST)

run: page-if-possible ## Run everything in one process: the page, in-memory bus, SQLite in ./data, http://127.0.0.1:8000
	@$(MAKE) --no-print-directory build
	$(BIN)/tasktide serve

page-if-possible:
	@tools/page.sh || echo "Going on without the page: the API is there, and a note at the page's address." >&2

page: ## Build the web page, if it is missing or old; the next build embeds it
	@tools/page.sh

page-check: page ## Check the web page: types, lint, tests of its logic, the client generated from docs/openapi.json
	cd apps/frontend/web && npm run check

build: ## Build all binaries into ./bin
	$(GO) build -o $(BIN)/ ./apps/...

up-kafka: page-if-possible build tools ## Run a cluster on this machine on Kafka: PostgreSQL, Kafka, the services
	$(GO) run ./test/cluster/up -transport kafka

up-dapr: page-if-possible build tools ## Run a cluster on this machine on Dapr: PostgreSQL, Kafka, a daprd for each service
	$(GO) run ./test/cluster/up -transport dapr

tools: ## Install what the tests need into ./.tools: Kafka, daprd, sentry, Better Auth, golangci-lint, actionlint (once)
	tools/install.sh

test: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
test: tools lint page-check ## Pass all tests: unit, contract on every transport, whole system
	$(GO) test -race -timeout 12m $(AT_ONCE) $$($(GO) list ./... | grep -v -e /test/ -e /bench)
	$(GO) test -timeout 14m $(AT_ONCE) -p 2 $(NO_ROLLING) ./test/e2e $$($(GO) list ./test/... | grep -v /test/page) # the longest first, beside all others
	$(GO) test -timeout 14m ./test/page
	cd test/deploy && $(GO) test -timeout 5m ./...
	cd tools/alerts && GOWORK=off $(GO) test -count=1 ./... # the files are outside of that module: the cache does not see them change
	@tools/fuzz.sh 3000x

alerts: ## The alerts, the dashboard's queries and what the alerts say to made-up series, with Prometheus' own packages
	cd tools/alerts && GOWORK=off $(GO) test -count=1 ./... # the files are outside of that module: the cache does not see them change

unit: ## Only what needs no server, in seconds
	$(GO) test -race ./core/... ./ports/... ./adapters/... ./apps/...

contract: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
contract: tools ## The contract suites on memory, SQLite, PostgreSQL, kfake, Kafka and Dapr
	$(GO) test -race -timeout 14m -p 1 ./test/contract/...

contract-redpanda: tools ## The transport suite on Redpanda; needs Docker
	test/contract/redpanda.sh

deploy-test: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
deploy-test: tools ## Charts, components, Dockerfile and compose file, by the libraries that read them
	cd test/deploy && $(GO) test -timeout 5m ./...
	cd test/deploy && $(CURDIR)/$(TOOLS)/golangci-lint run --config ../../.golangci.yml ./...

e2e: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
e2e: tools ## The whole system, with processes killed, on all three transports
	$(GO) test -timeout 14m -v $(NO_ROLLING) ./test/e2e/...

rolling: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
rolling: tools ## Every pod of the chart is replaced under load, with its probes, signals and times: on Kafka, on Dapr, with native sidecars, on the way to a database role for each service
	$(GO) test -timeout 30m -count=1 -v -run '^TestRollingUpdate' ./test/e2e

page-e2e: export TASKTIDE_REQUIRE_SERVERS = 1 # a missing server fails, it skips nothing
page-e2e: tools ## The page in a browser on the Kafka and the Dapr cluster; make test has the one binary. PAGE="-on kafka -grep reminder" changes what
	$(GO) test -timeout 30m -count=1 -v ./test/page -args -on kafka,dapr $(PAGE)

page-figures: export TASKTIDE_REQUIRE_SERVERS = 1
page-figures: tools ## The page's figures, each beside its goal (docs/page.md), on a machine that does nothing else
	$(GO) test -timeout 30m -count=1 -v ./test/page -args -on binary,kafka,dapr -project figures $(PAGE)

screenshots: ## Pictures of every screen in apps/frontend/web/e2e/pictures, small ones for the docs in docs/pictures
	TASKTIDE_REQUIRE_SERVERS=1 $(GO) test -timeout 15m -count=1 ./test/page -args -project pictures $(PAGE)

measure: tools ## The promises under load on memory, Kafka and Dapr; MEASURE="-rate 500 -for 30s" changes how
	$(GO) run ./test/measure $(MEASURE)

bench: tools ## Benchmarks, each beside the raw library or database in the same run
	$(GO) run ./bench

bench-scale: tools ## How figures change with relays, partitions, users and stored events; fails when what docs/scale.md calls flat is not. SCALE="-events 1000000"
	$(GO) run ./bench -scale all $(SCALE)

stored-databases: ## Store a database of a schema that has none yet, for the upgrade tests (after adding a migration)
	TASKTIDE_REQUIRE_SERVERS=1 $(GO) test ./test/upgrade -count=1 -run TestStoreDatabases -update

release: ## Make the release archives of this commit in ./dist, with checksums and SBOMs
	tools/install.sh sbom
	tools/release.sh

release-check: ## Make a release twice, in two folders with two caches, and compare the bytes
	tools/install.sh sbom
	tools/release-check.sh

docs: ## Write docs/openapi.json and docs/asyncapi.json anew, of the code
	$(GO) test ./adapters/rest -run TestTheCommittedDocumentsAreCurrent -update

lint: ## Format, vet, golangci-lint, and actionlint for the workflows
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -d $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	cd test/deploy && $(GO) vet ./...
	$(TOOLS)/actionlint
	$(TOOLS)/golangci-lint run ./...

vulnerabilities: ## Known vulnerabilities of what is shipped (govulncheck, npm audit); says so where their data is not reached
	tools/vulnerabilities.sh

fuzz: ## Fuzz every decoder, FUZZTIME (1m) each
	@tools/fuzz.sh $${FUZZTIME:-1m}

clean: ## Remove what was built (not ./data)
	rm -rf $(BIN) dist .tools

.PHONY: help run page page-if-possible page-check build up-kafka up-dapr tools test alerts unit contract contract-redpanda deploy-test e2e rolling page-e2e page-figures screenshots measure bench bench-scale stored-databases release release-check docs lint vulnerabilities fuzz clean
