"""Markdown and HTML."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rag.parsing.blocks import ParsingRefused
from rag.parsing.limits import ParsingLimits

Reader = Callable[..., Any]  # of conftest.Read
Refusal = Callable[..., ParsingRefused]

MARKDOWN = """---
title: "My Document"
tags: x
---
# Heading *one*

Para with [link](http://x.example/z) and `code *x*` and **bold**
second line. ![A picture](img.png) Snake_case_name stays.

Setext two
----------

- item one
  continued
- item two
  - nested

1. first
2. second

| A | B |
|---|:-:|
| 1 | x \\| y |

```python
def f():

    # not a heading
    return 1
```

> quoted text
> goes on

    indented code

<p align="center">Hello &amp; bye</p>

[ref]: http://example.com
***
Last.
"""


def test_markdown_gives_its_blocks(read: Reader) -> None:
    found = read(MARKDOWN, "a.md")
    assert found.info.title == "My Document"
    assert found.lines == [
        "heading: Heading one",
        "paragraph: Para with link and `code *x*` and bold second line. A picture Snake_case_name stays.",
        "heading: Setext two",
        "list: - item one continued\n- item two\n  - nested\n1. first\n2. second",
        "table: | A | B |\n| --- | --- |\n| 1 | x \\| y |",
        "code: def f():\n\n    # not a heading\n    return 1",
        "paragraph: quoted text goes on",
        "code: indented code",
        "paragraph: Hello & bye",
        "paragraph: Last.",
    ]
    assert [block.level for block in found.blocks if block.level] == [1, 2]


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# One\n\nwords", "One"),
        ("One\n===\n\nwords", "One"),
        ("words\n\n## Two", None),
        ("---\nno: title\n---\nx", None),
    ],
)
def test_the_title_of_markdown(read: Reader, text: str, title: str | None) -> None:
    assert read(text, "a.md").info.title == title


def test_a_front_matter_that_never_ends_is_text(read: Reader) -> None:
    found = read("---\n" + "line\n" * 300, "a.md")
    assert sum(block.text.count("line") for block in found.blocks) == 300


def test_a_fence_that_is_never_closed_is_code_to_the_end(read: Reader) -> None:
    assert read("```\none\n\n# two", "a.md").lines == ["code: one\n\n# two"]


def test_a_list_ends_where_a_paragraph_or_a_heading_begins(read: Reader) -> None:
    found = read("- one\n\n- two\n\nwords\n\n* three\n# Four\n- five\n\n\nsix", "a.md")
    assert found.lines == [
        "list: - one\n- two",
        "paragraph: words",
        "list: - three",
        "heading: Four",
        "list: - five",
        "paragraph: six",
    ]


def test_a_long_paragraph_of_markdown_comes_in_parts_and_whole(read: Reader) -> None:
    found = read("some words here\n" * 10_000, "a.md")
    assert len(found.blocks) > 1
    assert sum(len(block.text.split()) for block in found.blocks) == 30_000


PAGE = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>The &amp; Manual</title><style>p{}</style></head>
<body><header>Site header</header><nav><a href=x>Home</a></nav><div role="banner">Cookies!</div>
<main><header><h1>Install <em>it</em></h1></header><p>First   para with &eacute; and <b>bold</b>.<br>Next.</p>
<div hidden>secret</div><div style="display: none">invisible</div><p aria-hidden="true">unseen</p>
<script>alert(1)</script>
<ul><li>One<ul><li>Nested</li></ul></li><li><p>Two</p><p>goes on</p></li></ul>
<ol><li>a</li><li>b</li></ol>
<h2>Table</h2><table><caption>Numbers</caption><tr><th>A</th><th>B</th></tr>
<tr><td>1</td><td>x|y <table><tr><td>inner</td></tr></table></td></tr></table>
<pre><code>def f():
    return 1
</code></pre><img src="https://tracker.example/p.gif" alt="A chart of it">
<p>tail<p>unclosed</main><footer>foot</footer></body></html>
"""


def test_html_gives_its_main_content(read: Reader) -> None:
    found = read(PAGE, "a.html")
    assert found.info.title == "The & Manual"
    assert found.lines == [
        "heading: Install it",
        "paragraph: First para with é and bold. Next.",
        "list: - One\n  - Nested\n- Two goes on",
        "list: 1. a\n2. b",
        "heading: Table",
        "paragraph: Numbers",
        "table: | A | B |\n| --- | --- |\n| 1 | x\\|y inner |",
        "code: def f():\n    return 1",
        "paragraph: A chart of it",
        "paragraph: tail",
        "paragraph: unclosed",
    ]


def test_a_term_stands_with_what_it_means(read: Reader) -> None:
    page = (
        "<dl><dt>Caretaker</dt><dd>Extension 4402</dd><dt>Shift:</dt><dt>Turn</dt>"
        "<dd><p>Eight hours.</p><p>More.</p></dd>"
        "<dt>Tools</dt><dd><ul><li>saw</li></ul></dd>"
        f"<dt>Long</dt><dd>{'word ' * 100}</dd><dt>Alone</dt></dl><p>Behind</p>"
    )
    assert read(page, "a.html").lines == [
        "paragraph: Caretaker: Extension 4402",
        "paragraph: Shift:",
        "paragraph: Turn: Eight hours.",
        "paragraph: More.",
        "paragraph: Tools",
        "list: - saw",
        "paragraph: Long",
        f"paragraph: {('word ' * 100).strip()}",
        "paragraph: Alone",
        "paragraph: Behind",
    ]


def test_html_without_a_main_part_leaves_out_the_frame_of_the_page(read: Reader) -> None:
    page = "<header>Head</header><aside>Ads</aside><form><p>Words.</p></form><footer>Foot</footer>"
    assert read(f"<html><body>{page}</body></html>", "a.html").lines == ["paragraph: Words."]


def test_a_tiny_main_part_is_not_trusted(read: Reader) -> None:
    page = f"<html><body><main>Loading</main><div><p>{'Words of the page. ' * 20}</p></div></body></html>"
    assert "Words of the page." in read(page, "a.html").lines[1]


def test_the_encoding_that_a_page_declares_is_used(read: Reader) -> None:
    page = '<html><head><meta charset="iso-8859-2"></head><body><p>Łódź</p></body></html>'
    assert read(page.encode("iso-8859-2"), "a.html").lines == ["paragraph: Łódź"]


@pytest.mark.parametrize("declared", ["utf-16", "no-such-thing", "hex"])
def test_an_encoding_that_cannot_be_true_is_ignored(read: Reader, declared: str) -> None:
    page = f'<html><head><meta charset="{declared}"></head><body><p>Words</p></body></html>'
    assert read(page, "a.html").lines == ["paragraph: Words"]


def test_elements_nested_thousands_deep_are_read(read: Reader) -> None:
    assert read("<div>" * 2_500 + "deep", "a.html").lines == ["paragraph: deep"]


def test_elements_nested_a_hundred_thousand_deep_are_corrupt(refusal: Refusal) -> None:
    assert refusal("<div>" * 100_000 + "deep", "a.html").code == "corrupt"


def test_long_tables_come_in_parts_that_repeat_the_header(read: Reader) -> None:
    rows = "".join(f"<tr><td>{at}</td></tr>" for at in range(1200))
    found = read(f"<table><tr><th>Number</th></tr>{rows}</table>", "a.html")
    assert len(found.blocks) == 3
    assert all(block.text.startswith("| Number |\n| --- |\n") for block in found.blocks)
    assert sum(block.text.count("\n") - 1 for block in found.blocks) == 1200


def test_a_page_that_needs_more_memory_than_allowed_is_too_large(refusal: Refusal) -> None:
    assert refusal(f"<p>{'word ' * 5_000}", "a.html", ParsingLimits(max_memory_bytes=100_000)).code == "too_large"


def test_a_page_of_scripts_has_no_blocks(read: Reader) -> None:
    assert read("<html><body><script>var a = 1</script></body></html>", "a.html").blocks == []


SIGNS = st.text(st.sampled_from("ab1 \n\t#*-_`|>[]()!<&;:.=~+\\\"'{}/"), max_size=400)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SIGNS, st.sampled_from(["a.md", "a.html", "a.txt"]))
def test_no_text_makes_a_reader_fail(read: Reader, text: str, name: str) -> None:
    code = None
    try:
        blocks = read(f"begin {text}", name).blocks
    except ParsingRefused as refused:
        code, blocks = refused.code, []
    assert code in (None, "no_text", "unsupported_type")
    assert code or any("begin" in block.text for block in blocks)
    assert all(block.text.strip() and block.page == 1 for block in blocks)
