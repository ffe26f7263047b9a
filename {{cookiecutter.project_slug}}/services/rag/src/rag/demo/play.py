"""The story, act by act. Each act ends with what must be true; the first thing that is not ends the story."""

from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources

from rag.demo.client import Service
from servicekit.demo import Json
from servicekit.narrator import DemoFailed, Narrator

HANDBOOK, HARBOUR = "skerry-line-handbook.md", "vessa-harbour.html"
TAG = "demo"
OLD_RULE, NEW_RULE = "together up to 30 kilograms", "together up to 25 kilograms"
LUGGAGE = "How many kilograms may the two bags of a foot passenger weigh together?"
_WIDTH = 92


@dataclass(slots=True)
class Play:
    """One performance, with documents that are deleted at its end."""

    service: Service
    narrator: Narrator
    documents: dict[str, str] = field(default_factory=dict)
    """Ids by name."""
    asked: int = 0
    cost: Decimal = Decimal(0)
    models: set[str] = field(default_factory=set)

    def perform(self) -> None:
        """Tell the whole story. Raises `DemoFailed`."""
        self.read_documents()
        try:
            self.search()
            answer = self.ask_simply()
            self.ask_across_documents()
            self.ask_again()
            self.ask_in_vain()
            self.replace()
            self.praise(answer)
            self.sum_up()
        finally:
            self.clean_up()

    def read_documents(self) -> None:
        """Upload both documents and wait until they can be searched."""
        self.narrator.act("A ferry line hands over its handbook, and the harbour its web page")
        for item in self.service.upload([(name, _content(name)) for name in (HANDBOOK, HARBOUR)], TAG):
            document = self.follow(item["document"]["id"])
            self.documents[document["name"]] = document["id"]
            self.narrator.say(f"{document['name']}: {document['media_type']}, {document['chunks']} chunks")
        self.narrator.expect(set(self.documents) == {HANDBOOK, HARBOUR}, "both documents can be searched")

    def search(self) -> None:
        """Search without any model, and show why each passage was found."""
        self.narrator.act("A search says what it found, and why")
        query = {"query": "dogs on the ferry", "limit": 3, "explain": True, "filter": {"tags": [TAG]}}
        found = self.service.post("/v1/search", query)["items"]
        for item in found:
            why = item["why"]
            halves = ", ".join(f"{half} rank {why[half]['rank']}" for half in ("dense", "sparse") if why[half])
            self.narrator.say(f"{_place(item)}: score {item['score']:.3f} ({halves}; words {', '.join(why['terms'])})")
        self.narrator.expect(bool(found) and "Animals" in found[0]["heading"], "the section about animals is first")

    def ask_simply(self) -> Json:
        """Ask what stands in one place."""
        self.narrator.act("A question whose answer stands in one place")
        answer = self.ask(LUGGAGE)
        self.expect_answer(answer, "30 kilograms", [HANDBOOK])
        return answer

    def ask_across_documents(self) -> None:
        """Ask what needs both documents."""
        self.narrator.act("A question that needs both documents")
        answer = self.ask(
            "What does a bicycle cost from Vessa to Norholm, and from which pier do ferries to Norholm leave?"
        )
        self.expect_answer(answer, "pier 2", [HARBOUR])
        self.narrator.expect("3 crowns" in answer["answer"], "and the price from the handbook's table")

    def ask_again(self) -> None:
        """Ask a question that only makes sense after the one before."""
        self.narrator.act("A follow-up that says neither what nor where")
        first = self.ask("From which pier do ferries to the Outer Skerries leave?")
        second = self.ask("And ferries to Norholm?", conversation=first["conversation_id"])
        self.narrator.say(f"understood as: {second['standalone_question']}")
        self.expect_answer(second, "pier 2", [HARBOUR])

    def ask_in_vain(self) -> None:
        """Ask what the documents do not say."""
        self.narrator.act("A question that the documents do not answer")
        answer = self.ask("Which wines does the restaurant on board serve?")
        self.narrator.expect(answer["abstained"] and not answer["citations"], "it says that it does not know")

    def replace(self) -> None:
        """Replace the handbook by a new edition: the old one must not be heard of any more."""
        self.narrator.act("A new edition of the handbook")
        edition = _content(HANDBOOK).decode().replace(OLD_RULE, NEW_RULE).encode()
        (item,) = self.service.upload([(HANDBOOK, edition)], TAG)
        self.narrator.expect(item["outcome"] == "replaces", "it replaces the handbook of the same name")
        self.follow_job(item["job_id"])
        answer = self.ask(LUGGAGE)
        self.expect_answer(answer, "25 kilograms", [HANDBOOK])
        self.narrator.expect("30 kilograms" not in answer["answer"], "nothing of the old edition is left")

    def praise(self, answer: Json) -> None:
        """Rate an answer; rated answers can become questions of an evaluation."""
        self.narrator.act("A reader is content")
        rating = {"rating": "up", "comment": "With page and words, thank you."}
        self.service.post(f"/v1/answers/{answer['id']}/feedback", rating)
        kept = self.service.get("/v1/feedback?rating=up")["items"]
        self.narrator.expect(any(answer["id"] in entry.values() for entry in kept), "the rating is kept")

    def sum_up(self) -> None:
        """Print the figures and where to look on."""
        say, url = self.narrator.say, self.service.url
        self.narrator.act("What happened")
        say(f"{self.asked} questions, answered by {', '.join(sorted(self.models))}, for {self.cost} US dollars")
        say("")
        say(f"API and its documentation   {url}/docs")
        say(f"metrics                     {url}/metrics")
        say(f"what was spent              {url}/v1/usage")
        say("how good the answers are    make evaluate")
        say("dashboards                  http://127.0.0.1:3000 (with `make up PROFILES=observability`)")

    def clean_up(self) -> None:
        """Delete the demonstration's documents."""
        for document in self.documents.values():
            self.service.delete(f"/v1/documents/{document}")

    def ask(self, question: str, conversation: str | None = None) -> Json:
        """Ask about the demonstration's documents and show the answer with its sources."""
        body: Json = {"question": question, "retrieval": {"filter": {"tags": [TAG]}}}
        if conversation is not None:
            body["conversation_id"] = conversation
        answer = self.service.post("/v1/ask", body)
        meta = answer["meta"]
        self.asked += 1
        self.cost += Decimal(meta["cost_usd"])
        self.models |= {meta["model"]} if meta["model"] else set()
        self.narrator.say(f"Q: {question}")
        self.narrator.say(f"A: {' '.join(answer['answer'].split())}")
        for citation in answer["citations"]:
            source = answer["sources"][citation["marker"] - 1]
            quote = " ".join(citation["quote"].split())[:_WIDTH]
            self.narrator.say(f"   [{citation['marker']}] {_place(source)}: “{quote}”")
        tokens = meta["tokens"]
        self.narrator.say(
            f"   support {answer['support']:.0%}, {tokens['input']} + {tokens['output']} tokens, {meta['cost_usd']} USD"
        )
        return answer

    def expect_answer(self, answer: Json, words: str, documents: list[str]) -> None:
        """Check what an answer says and cites."""
        cited = {citation["document_name"] for citation in answer["citations"]}
        self.narrator.expect(words in answer["answer"], f"the answer says “{words}”")
        self.narrator.expect(set(documents) <= cited, f"it cites {', '.join(documents)}")

    def follow(self, document_id: str) -> Json:
        """Wait for a document, showing its progress."""
        try:
            return self.service.follow(document_id, self.narrator.progress)
        finally:
            self.narrator.end_progress()

    def follow_job(self, job_id: str) -> None:
        """Wait for a job, showing its progress."""
        try:
            self.service.follow_job(job_id, self.narrator.progress)
        finally:
            self.narrator.end_progress()


def run(service: Service, narrator: Narrator) -> None:
    """Perform the story. Raises `DemoFailed`; also when a person's own document has a name of the story's."""
    service.require_ready()
    for name in (HANDBOOK, HARBOUR):
        for document in service.get(f"/v1/documents?name={name}")["items"]:
            if TAG not in document["tags"]:
                raise DemoFailed(f"there is a document {name} that is not the demonstration's; rename or delete it")
            service.delete(f"/v1/documents/{document['id']}")
    Play(service, narrator).perform()


def _content(name: str) -> bytes:
    return (resources.files("rag.demo") / "documents" / name).read_bytes()


def _place(item: Json) -> str:
    heading = " > ".join(item["heading"])
    return f"{item['document_name']}, page {item['page']}" + (f", {heading}" if heading else "")
