"""A gateway without keys, network and event loop."""

from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from prometheus_client import CollectorRegistry

from llmkit.call import Call, ModelRef, report_of
from llmkit.gateway import Gateway, build_gateway
from llmkit.providers.in_process import InProcessProvider
from llmkit.settings import LlmSettings
from llmkit.testkit.nulls import FlatPrices, ListLedger, PurseBudget

CALL = Call("acme", "test")


def make_gateway() -> Gateway:
    return build_gateway(
        LlmSettings(),
        prices=FlatPrices(),
        budget=PurseBudget(),
        ledger=ListLedger(),
        cache=None,
        redis=None,
        registry=CollectorRegistry(),
        providers={
            "offline": InProcessProvider(lambda: GenericFakeChatModel(messages=iter([AIMessage("hello there")] * 9)))
        },
    )


def test_plain_code_may_ask_and_listen() -> None:
    gateway = make_gateway()
    gateway.warm_up()
    chat = gateway.chat(CALL)
    message = chat.invoke("hi")
    assert message.text == "hello there"
    report = report_of(message)
    assert report is not None
    assert report["model"] == report["provider"] == "offline"
    assert "".join(str(chunk.text) for chunk in chat.stream("hi")) == "hello there"
    gateway.close()


async def test_two_questions_of_one_model_do_not_mix() -> None:
    gateway = make_gateway()
    chat = gateway.chat(CALL)
    assert [message.text for message in await chat.abatch(["a", "b"])] == ["hello there"] * 2
    await gateway.aclose()


def test_says_what_it_is() -> None:
    gateway = make_gateway()
    chat = gateway.chat(CALL)
    assert gateway.models() == (ModelRef("offline", "offline"),)
    assert chat.model_name == "offline"
    assert chat._llm_type == "governed"
    assert chat.get_num_tokens("four") == 1
