"""Words that decide whether two questions are one, in English and a few of other languages."""

NEGATIONS = frozenset(
    """no not never none nothing nobody nowhere neither nor without except excluding unless cannot hardly barely fail
    fails failed lack lacks lacking nicht kein keine keinen ohne nie niemals ne pas jamais sans sin nunca senza
    mai""".split()  # noqa: SIM905 - a list is easier to read as a text
)
COUNTED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
NUMBERS = {word: str(value) for value, word in enumerate(COUNTED)} | {
    "first": "1.", "second": "2.", "third": "3.", "fourth": "4.", "fifth": "5.", "once": "1", "twice": "2",
    "single": "1", "double": "2", "dozen": "12", "half": "0.5", "hundred": "100", "thousand": "1000",
    "million": "1000000", "billion": "1000000000",
}  # fmt: skip
"""Numbers that are written as words."""
DECISIVE = frozenset(
    """who whom whose when where why how many much long often far old before after until since during last latest
    earliest oldest newest previous next current minimum maximum min max least most fewest lowest highest
    smallest largest shortest longest cheapest above below over under more less fewer greater smaller higher
    lower earlier later increase decrease increased decreased rise fall rose fell grow shrink start stop begin
    end open close enable disable on off allow deny accept reject approve include exclude add remove create
    delete install uninstall upload download import export read write send receive buy sell borrow lend lock
    unlock encrypt decrypt connect disconnect login logout input output internal external public private inside
    outside up down left right north south east west always only all some every both either pros cons advantage
    advantages disadvantage disadvantages hot cold warm good bad best worst better worse true false minute
    minutes hour hours day days week weeks month months quarter quarters year years daily weekly monthly
    quarterly yearly annual revenue profit income loss earnings gross net must he she his her him passed failed
    was were had did should may and or from into against within than""".split()  # noqa: SIM905 - as above
)
"""Words that stand in both questions or in neither: where one of them differs, the questions do."""
SAME = (
    "delete remove erase",
    "cost price",
    "buy purchase",
    "need require",
    "create make",
    "show display",
    "employee staff worker",
    "customer client",
    "company firm",
    "fix repair",
    "change modify edit",
    "find locate",
    "error fault",
    "setting option",
    "folder directory",
    "big large",
    "quick fast",
)
"""Words that may stand for one another in any question."""
