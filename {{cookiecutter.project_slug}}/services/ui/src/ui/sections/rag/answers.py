"""An answer on the screen: its text, its sources, what it cost, how it came about, and what one thinks of it."""

from collections.abc import Sequence

import streamlit as st

from ui.sections.rag.feedback import show_feedback
from ui.sections.rag.models import Answer, Feedback, SharedMessage, Source, Withheld
from ui.sections.rag.viewer import open_citation, open_page
from ui.widgets.formats import count, figure, harmless, label, milliseconds, moment, money, plain

MOST_PLACES = 3


def show_question(text: str) -> None:
    """Show what was asked."""
    with st.chat_message("user", avatar=":material/person:"):
        st.markdown(harmless(text))


def show_answer(answer: Answer, given: Feedback | None) -> None:
    """Show an answer, and what was thought of it."""
    with st.chat_message("assistant", avatar=":material/auto_awesome:"):
        st.markdown(harmless(answer.answer))
        if answer.abstained:
            st.caption(":material/help: The documents do not support an answer.")
        _citations(answer)
        if answer.withheld:
            st.caption(f":material/shield: {withheld_line(answer.withheld)}")
        st.caption(cost_line(answer))
        with st.container(horizontal=True, vertical_alignment="center"):
            show_feedback(answer.id, given)
            _details(answer)


def show_shared(message: SharedMessage) -> None:
    """Show a message without buttons: its reader may have no key."""
    if message.role == "user":
        show_question(message.text)
        return
    with st.chat_message("assistant", avatar=":material/auto_awesome:"):
        st.markdown(harmless(message.text))
        for citation in message.citations:
            place = f"**{citation.marker}** · {plain(citation.document_name)}, page {citation.page}"
            st.markdown(f"{place}\n\n> {plain(citation.quote)}" if citation.quote else place)


def withheld_line(withheld: Sequence[Withheld]) -> str:
    """Say which texts the model did not get to read."""
    places = dict.fromkeys(f"{plain(each.document_name)}, page {each.page}" for each in withheld)
    named = "; ".join(list(places)[:MOST_PLACES])
    more = f"; and {count(len(places) - MOST_PLACES, 'more place')}" if len(places) > MOST_PLACES else ""
    what = "Text" if all(each.whole for each in withheld) else "Part of the text"
    return f"{what} was kept away from the model, because it gives orders to it: {named}{more}."


def cost_line(answer: Answer) -> str:
    """Say which model answered, and what that took."""
    meta = answer.meta
    tokens = f"{'about ' if meta.tokens.estimated else ''}{count(meta.tokens.input + meta.tokens.output, 'token')}"
    parts = [plain(meta.model or "no model"), tokens, plain(money(meta.cost_usd))]
    if total := meta.timings_ms.get("total"):
        parts.append(milliseconds(total))
    if meta.cache:
        parts.append("from the cache")
    return " · ".join(parts)


def _citations(answer: Answer) -> None:
    if not answer.citations:
        return
    with st.container(horizontal=True, gap="small", key=f"sources-{answer.id}"):
        for number, citation in enumerate(answer.citations):
            # the page comes before the name: what is too long for a telephone is cut off at its end
            text = f"{citation.marker} · p. {citation.page} · {plain(citation.document_name)}"
            key = f"source-{answer.id}-{number}"
            if st.button(text, key=key, icon=":material/description:", help=plain(citation.quote) or None):
                open_citation(citation)


def _details(answer: Answer) -> None:
    meta = answer.meta
    with st.popover("Details", icon=":material/info:", key=f"details-{answer.id}"):
        st.markdown(f"**Support** {figure(answer.support * 100)} % of the answer's words stand in the cited passages")
        if answer.removed_citations:
            removed = count(answer.removed_citations, "citation")
            st.markdown(f":material/warning: {removed} without support removed")
        if answer.standalone_question not in ("", answer.question):
            st.markdown(f"**Searched for** {plain(answer.standalone_question)}")
        st.markdown(f"**Model** {plain(' / '.join(filter(None, (meta.provider, meta.model))) or 'none')}")
        if meta.fell_back_from:
            st.markdown(f"**Instead of** {plain(', '.join(meta.fell_back_from))}")
        if meta.prompt:
            st.markdown(f"**Prompt** {plain(meta.prompt.name)}, version {plain(meta.prompt.version)}")
        st.markdown(f"**Tokens** {meta.tokens.input:,} in, {meta.tokens.output:,} out · {plain(money(meta.cost_usd))}")
        if meta.timings_ms:
            stages = (f"{label(name)} {milliseconds(value)}" for name, value in meta.timings_ms.items())
            st.markdown(f"**Time** {' · '.join(stages)}")
        st.markdown(f"**Asked** {moment(answer.created_at)}")
        for name, value in (("Request", meta.request_id), ("Trace", meta.trace_id)):
            if value:
                st.markdown(f"**{name}** `{value}`")
        _passages(answer)
        _withheld(answer)


def _passages(answer: Answer) -> None:
    if not answer.sources:
        return
    st.markdown(f"**Read** {count(len(answer.sources), 'passage')}")
    with st.container(gap=None):
        for number, source in enumerate(answer.sources, 1):
            name = f"{number} · {plain(source.document_name)}, p. {source.page}"
            if st.button(name, key=f"passage-{answer.id}-{number}", type="tertiary", help=_why(source)):
                open_page(source.document_name, source.document_id, source.page, [source.text])


def _withheld(answer: Answer) -> None:
    if not answer.withheld:
        return
    st.markdown(f"**Kept away** {count(len(answer.withheld), 'passage')}")
    with st.container(gap=None):
        for number, each in enumerate(answer.withheld, 1):
            name = f"{plain(each.document_name)}, p. {each.page} · {'all of it' if each.whole else 'in part'}"
            reasons = ", ".join(plain(label(reason.partition(":")[0])) for reason in each.reasons) or None
            if st.button(name, key=f"withheld-{answer.id}-{number}", type="tertiary", help=reasons):
                open_page(each.document_name, each.document_id, each.page)


def _why(source: Source) -> str:
    heading = " / ".join(map(plain, source.heading))
    return f"{heading}\n\nScore {figure(source.score)}" if heading else f"Score {figure(source.score)}"
