# The commands of the prediction service. They ask the service that runs; train, promote and rollback work without one too.

ifdef PREDICTION_PORT
export PREDICTION_URL := http://127.0.0.1:$(PREDICTION_PORT)
endif

.PHONY: demo train promote rollback

##@ Models

demo:: setup ## the life of a model, told while it happens: trained, served, drifted, retrained (while `make dev` or `make up` runs)
	@$(PY) -m prediction demo $(if $(PREDICTION_PORT),--url http://127.0.0.1:$(PREDICTION_PORT)) $(ARGS)

train: setup ## train a model: DATA= TARGET= [MODEL=] [ARGS='--time-column day']
	@test -n "$(DATA)" && test -n "$(TARGET)" || \
		{ echo "Say from what and for what: make train DATA=path/to/data.csv TARGET=column [MODEL=name]" >&2; exit 2; }
	@$(PY) -m prediction train --data "$(DATA)" --target "$(TARGET)" $(if $(MODEL),--model "$(MODEL)") $(ARGS)

promote: setup ## let the challenger take over: MODEL= [VERSION=] [FORCE=1] [REASON=]
	@test -n "$(MODEL)" || { echo "Say which model: make promote MODEL=name [VERSION=3] [FORCE=1]" >&2; exit 2; }
	@$(PY) -m prediction promote "$(MODEL)" $(if $(VERSION),--version "$(VERSION)") $(if $(FORCE),--force) \
		$(if $(REASON),--reason "$(REASON)")

rollback: setup ## return to the champion before: MODEL= [REASON=]
	@test -n "$(MODEL)" || { echo "Say which model: make rollback MODEL=name" >&2; exit 2; }
	@$(PY) -m prediction rollback "$(MODEL)" $(if $(REASON),--reason "$(REASON)")
