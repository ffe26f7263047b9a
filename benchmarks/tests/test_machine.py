from bench import machine


def test_reads_the_first_line_of_a_name() -> None:
    assert machine.field(["model name\t: Fast", "model name\t: Other"], "model name") == "Fast"
    assert machine.field([], "model name") == ""


def test_memory_is_told_in_gigabytes() -> None:
    assert machine.memory("25267212 kB") == "24 GB"
    assert machine.memory("") == "unknown"
