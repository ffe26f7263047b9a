"""Going to where a reader wants to be: Streamlit goes to the end by itself only for who is there already."""

import time

import streamlit as st

TO_THE_END = """<script>
(() => {{  // {moment}: the same script again would not run again
  let place = document.querySelector(".st-key-{key}");
  while (place && place.scrollHeight - place.clientHeight < 2) place = place.parentElement;
  if (place) place.scrollTop = place.scrollHeight;
}})()
</script>"""


def to_the_end(key: str) -> None:
    """Scroll what holds the container of that key to its end. From there the page follows what is added."""
    st.html(TO_THE_END.format(key=key, moment=time.monotonic_ns()), unsafe_allow_javascript=True)


TO_THE_MARK = """<script>
(() => {{  // {moment}
  const mark = document.querySelector(".st-key-{key} mark");
  if (mark) mark.scrollIntoView({{block: "center"}});
}})()
</script>"""


def to_the_mark(key: str) -> None:
    """Scroll to the marked words in the container of that key. Nothing happens when nothing is marked."""
    st.html(TO_THE_MARK.format(key=key, moment=time.monotonic_ns()), unsafe_allow_javascript=True)
