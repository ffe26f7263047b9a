"""Going to the end of a page, which Streamlit does by itself only for who is there already."""

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
