# The commands of the rag service. They ask the service that runs; evaluate works without one.

ifdef RAG_PORT
export RAG_URL := http://127.0.0.1:$(RAG_PORT)
endif

.PHONY: demo ingest model reindex evaluate prompts

##@ Documents

demo:: setup ## documents read and asked, told while it happens: answers, sources, follow-ups, doubts (while `make dev` or `make up` runs)
	@$(PY) -m rag demo $(if $(RAG_PORT),--url http://127.0.0.1:$(RAG_PORT)) $(ARGS)

ingest: setup ## take in the documents of a folder: DIR= [TAGS=reports,2026] [METADATA='{"year": 2026}']
	@test -n "$(DIR)" || { echo "Say which folder: make ingest DIR=path/to/documents [TAGS=reports,2026]" >&2; exit 2; }
	@$(PY) -m rag ingest "$(DIR)" $(if $(TAGS),--tags "$(TAGS)") $(if $(METADATA),--metadata '$(METADATA)') $(ARGS)

model: setup ## fetch a model for embeddings or reranking, read without a network from then on: [MODEL=name, as fastembed lists it]
	@$(PY) -m rag model $(MODEL) $(ARGS)

reindex: setup ## embed all documents anew, while searches go on: after a change of the embedding model
	@$(PY) -m rag reindex $(ARGS)

evaluate: setup ## answer the golden questions and judge the answers: [EVAL_SET=FILE.jsonl] [DIR=documents] [GATE=1] [ARGS=--help]
	@$(PY) -m rag evaluate $(if $(EVAL_SET),--set "$(EVAL_SET)") $(if $(DIR),--dir "$(DIR)") $(if $(GATE),--gate) $(ARGS)

prompts: setup ## publish all versions of the prompts to MLflow's prompt registry
	@$(PY) -m rag prompts $(ARGS)
