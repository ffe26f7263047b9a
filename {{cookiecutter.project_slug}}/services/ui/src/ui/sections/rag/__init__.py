"""Pages of the service that answers questions about documents."""

from ui.section import PageSpec, Section

SECTION = Section(
    name="rag",
    title="Documents",
    rank=1,
    default_url="http://127.0.0.1:8002",
    pages=(
        PageSpec(
            name="ask",
            title="Ask",
            icon=":material/forum:",
            purpose="Put questions to your documents; every answer names its sources.",
        ),
        PageSpec(
            name="documents",
            title="Library",
            icon=":material/folder_open:",
            purpose="Upload documents, watch them being read, tag and delete them.",
        ),
        PageSpec(
            name="evaluations",
            title="Evaluation",
            icon=":material/fact_check:",
            purpose="Measure how good the answers are, and compare two ways of searching.",
        ),
        PageSpec(
            name="usage",
            title="Usage",
            icon=":material/payments:",
            purpose="Tokens and money by day and by model; the stop switch.",
        ),
        PageSpec(name="shared", title="Shared conversation", icon=":material/link:", alone=True),
    ),
)
