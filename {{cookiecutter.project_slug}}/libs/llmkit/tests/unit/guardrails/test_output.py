import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmkit.guardrails.output import OutputPolicy, clean

POLICY = OutputPolicy(frozenset({"docs.example.org"}))
EVIL = "https://evil.example/?q=secret"


@pytest.mark.parametrize(
    ("text", "expected", "removed"),
    [
        ("See [the docs](https://docs.example.org/a).", "See [the docs](https://docs.example.org/a).", ()),
        ("See [it](https://sub.docs.example.org 'title').", "See [it](https://sub.docs.example.org 'title').", ()),
        ("https://docs.example.org/x.", "https://docs.example.org/x.", ()),
        (f"See [it]({EVIL}).", "See it.", ("link",)),
        (f"[a [b]]({EVIL})", "a [b]", ("link",)),
        (f"[]({EVIL})", "link", ("link",)),
        (f"![a chart]({EVIL})", "a chart", ("image",)),
        (f"![a](<{EVIL} x>)", "a", ("image",)),
        ("![a](https://docs.example.org/a.png)", "a", ("image",)),
        (f"[![a]({EVIL})]({EVIL})", "a", ("image", "link")),
        (f"![a][r]\n\n[r]: {EVIL}", f"a\n\nr: `{EVIL}`", ("image", "link", "link")),
        (f"<{EVIL}> <me@evil.example>", f"`{EVIL}` `me@evil.example`", ("link", "link")),
        (f"Go to {EVIL}!", f"Go to `{EVIL}`!", ("link",)),
        (f"({EVIL})", f"(`{EVIL}`)", ("link",)),
        ("www.evil.example and www.docs.example.org", "`www.evil.example` and www.docs.example.org", ("link",)),
    ],
)
def test_only_allowed_links_stay_links_and_images_go(text, expected, removed):
    cleaned = clean(text, POLICY)
    assert cleaned.text == expected
    assert cleaned.removed == removed


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt&colon;alert(1)",
        "data:text/html;base64,xx",
        "https://docs.example.org@evil.example/",
        "https://docs.example.org\\@evil.example/",
        "https://docs.example.org.evil.example",
        "https://evildocs.example.org",
        "//docs.example.org/x",
        "/relative",
        "https://[broken",
        "ftp://docs.example.org",
        "",
    ],
)
def test_addresses_that_deceive_are_no_links(address):
    assert not POLICY.allows(address)
    assert clean(f"[x]({address})", POLICY).text == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>alert(1)</script>hello <b>bold</b>", "hello bold"),
        ("<img src=x onerror=alert(1)><svg onload=alert(1)></svg>done", "done"),
        ("a <!-- hidden --> b", "a  b"),
        ("> quoted & <i>it</i>", "> quoted & it"),
        ("<scr<script>ipt>alert(1)</script>", "&lt;scr"),
        ("&lt;script&gt; stays text", "&lt;script&gt; stays text"),
    ],
)
def test_html_is_inert(text, expected):
    assert clean(text, POLICY).text == expected


@pytest.mark.parametrize(
    "text", ["5 < 6 and 7 > 2", "Revenue rose [1]. It fell [2](see note).", "a & b, *c* and #d", ""]
)
def test_plain_text_stays_as_it_is(text):
    assert clean(text, POLICY).text == text


def test_placeholders_and_comparisons_can_still_be_read():
    assert clean("make key NAME=<your-name>, a<b", POLICY).text == "make key NAME=&lt;your-name>, a&lt;b"


@pytest.mark.parametrize(
    "code",
    [
        f"`curl {EVIL}`",
        f"``a ` b <script> {EVIL}``",
        f"```sh\ncurl {EVIL}\n<b>\n```",
        f"~~~\n![a]({EVIL})\n~~~\n",
        f"```\nnever closed {EVIL}",
    ],
)
def test_code_is_left_alone(code):
    cleaned = clean(f"Before\n{code}", POLICY)
    assert cleaned.text == f"Before\n{code}"
    assert cleaned.removed == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"[see `code` here]({EVIL})", "see `code` here"),
        (f"![`a`]({EVIL})", "`a`"),
        (f"`{EVIL}", f"` ``{EVIL}``"),
        (f"`x`{EVIL}`y`", f"`x` `{EVIL}` `y`"),
        (f"a ` b {EVIL} c", f"a ` b ``{EVIL}`` c"),
        ("[x](`a`)", "[x](`a`)"),
        ('<img alt="`" src=x onerror=alert(1) title="`">', ""),
        ("<div>\n`<img src=x onerror=alert(1)>`\n</div>", "\n`<img src=x onerror=alert(1)>`\n"),
        ("\ue0000\ue001 `code`", "0 `code`"),
    ],
)
def test_code_hides_no_link_around_or_behind_it(text, expected):
    assert clean(text, POLICY).text == expected


def test_a_fence_ends_where_its_mark_does():
    text = f"````\n```\n{EVIL}\n````\n{EVIL}"
    assert clean(text, POLICY).text == f"````\n```\n{EVIL}\n````\n`{EVIL}`"


def test_a_lone_backtick_hides_nothing():
    assert clean(f"a ` b ![x]({EVIL})", POLICY).text == "a ` b x"
    assert clean(f"`` a ` ![x]({EVIL})", POLICY).text == "`` a ` x"


@pytest.mark.parametrize(
    "piece", ["[", "![", "[a](", "<", "`", "` ``", "http://", "[a\\", "](http://a?", "[[a]", "<a "]
)
def test_hostile_text_takes_bounded_time(piece):
    started = time.process_time()
    clean(piece * (10_000 // len(piece)), POLICY)
    assert time.process_time() - started < 5


PIECES = st.sampled_from(
    [
        "[",
        "]",
        "(",
        ")",
        "!",
        "<",
        ">",
        "`",
        "\n",
        "a",
        "img src=x",
        "script",
        EVIL,
        "https://docs.example.org",
        ": ",
        "[r]: ",
        "\\",
        '"',
        "\n```\n",
    ]
)


@settings(deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join))
def test_cleaning_twice_changes_nothing_more(text):
    once = clean(text, POLICY).text
    assert clean(once, POLICY).text == once
