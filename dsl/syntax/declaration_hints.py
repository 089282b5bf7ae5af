"""A place where the syntax breaks -> advice on a line of a declaration.

Every function looks for slips of one kind of line; `hints.py` asks them in its order.
"""

from __future__ import annotations

import re

from gatewright.dsl.messages.catalog import nearest
from gatewright.dsl.syntax.expected import ARROW, DECLARATION_WORDS, DOTS
from gatewright.dsl.syntax.slip import COMPARISONS, Slip, starts_line

_NO_NAME = re.compile(r"\b(rule|guard|risk)\s+(on|when|unless|tier|cases|table)\s+\Z")
_DASH = re.compile(r"[\w)] - [\w.(][\w ]*\Z")
_APPROVERS = re.compile(r"\b(?:one|all|\d+) of (?:group|role|user)\([^()]*\)[ ,]*\Z")
_PEOPLE = re.compile(r"\s*(?:group|role|user)\(")
_PEOPLE_HELP = 'several stand in a list: `2 of [group("..."), user("...")]`'
_QUORUM = re.compile(r"\s*(?:one|all|\d+) of\b")
_JOINS = (",", "and", "or", "&&", "||")
_EACH_HELP = "a route asks once: for some of each, `require` two routes with `and`"
_GIVEN = re.compile(r"\b(?:given|past)\s+[\w.]+\s+\Z")
_FIELD_FOLLOWS = re.compile(r"\s*\??\s*:")
_DASHED = re.compile(r"(?:-\w+)*")
_QUORUM_WORDS = frozenset(
    "two three any group role user min minimum at quorum approvers approver from needs".split()
)
_BECAUSE_WORDS = frozenset({"reason", "message", "why", "description"})
_GIVEN_PARTS = frozenset({"agent", "target", "changes", "context", "data"})
_DATES = frozenset({"DATE", "TIMESTAMP"})
_REFUSALS = frozenset("deny decline block refuse cancel no stop rejected fail".split())
_BEFORE_A_LENGTH = frozenset("every after in of at each".split())
_ANNOTATIONS = frozenset({"shadow", "irreversible", "secret", "owner", "severity", "allow"})
_DOTTED = re.compile(r"\w+(?:\.\w+)*")
_TWO_ROUTES = re.compile(r"\brequire ([\w.]+) [\w.]+\s*\n\s*\Z")
_THREE_DOTS = re.compile(r"\.\.\. *\d+(?:\.\d+)? *\Z")
_PACKAGE = re.compile(r"\bpackage [\w.]+ +\Z")
_ON_ERROR = re.compile(r"\bon error +\Z")
_ERROR = re.compile(r" error\b")
_GUARD = re.compile(r"\bguard absolute +\Z")
_USES = re.compile(r" uses\b")
_UNQUOTED = re.compile(r"\b(owner|reason|ticket) +[\w.]+\Z")
_HOURS = re.compile(r"\bhours +\d+\Z")
_ENDS = frozenset({"to", "till", "end", "ends", "expires", "expiry", "expiration"})
_ONE_BOUND = (
    "a field has one bound, such as `int >= 1`; "
    "a guard asks for the other: `when action.days > 90 => block`"
)
_EITHER = 'either of several people is one route: `one of [group("..."), user("...")]`'
_OR_ROUTE = re.compile(r"\brequire [\w.]+ or \Z")


def fields(slip: Slip) -> str | None:
    """Look for a field of another language: `days: int in 1 .. 90`, `name: string[]`."""
    if slip.accepts("COLON", "OPTIONAL") and slip.word.isidentifier():
        return "a name and its type are joined with `:`"
    if not slip.accepts("RBRACE"):
        return None
    if slip.before == "," and slip.accepts("NAME") and slip.word in COMPARISONS:
        return _ONE_BOUND
    if not slip.accepts("COMMA"):
        return None
    if slip.word.isidentifier() and _FIELD_FOLLOWS.match(slip.following()):
        return "fields are separated by `,`"
    if slip.accepts("PLUS"):
        # A bound stands here, and not the value of a field: that could be compared.
        bounded = not slip.accepts("COMPARE") and slip.word in (*COMPARISONS, "&&", "and", "..")
        return _ONE_BOUND if bounded else None
    return _after_type(slip) if slip.accepts("COMPARE") else None


def _after_type(slip: Slip) -> str | None:
    if slip.word in ("?", "optional"):
        return "the mark of what may be absent follows the name: `reason?: string`"
    if slip.word in ("=", "default"):
        return "a field has no value of its own; what may be absent is marked: `reason?: string`"
    if slip.word in ("in", "between", "..") or slip.word.isdigit():
        return _ONE_BOUND
    if slip.word == "[":
        return "a list is written `list<string>`"
    if slip.before == "money" and re.fullmatch(r"[A-Z]{3}", slip.word):
        return f"the currency stands in brackets: `money({slip.word})`"
    return None


def people(slip: Slip) -> str | None:
    """Look for approvers without their number or their list, and for an escalation by itself."""
    if _APPROVERS.search(slip.preceding()):
        if slip.word in _JOINS and _QUORUM.match(slip.following()):
            return _EACH_HELP
        if slip.word in ("group", "role", "user") or (
            slip.word in _JOINS and _PEOPLE.match(slip.following())
        ):
            return _PEOPLE_HELP
    if slip.accepts("QUORUM") and slip.word in _QUORUM_WORDS:
        return 'say how many: `one of group("...")`, `2 of ...`, `all of ...`'
    if slip.before == "to" and slip.preceding().rstrip().endswith("escalate to"):
        return f"`to` is read as the route: write `escalate {slip.word}`"
    if slip.word in ("escalate", "->", "=>") and slip.accepted == frozenset({"THEN"}):
        return "what silence means follows `then`: `timeout 4h then escalate finance`"
    if slip.word == "escalate" and slip.accepts("QUORUM"):
        return "an escalation follows a timeout: `timeout 4h then escalate finance`"
    if slip.accepts("TIMEOUT_END") and slip.word.isidentifier():
        if slip.word in _REFUSALS:
            return "silence that refuses is written `then reject`"
        meant = nearest(slip.word, ("reject", "approve", "escalate"))
        return meant or f"silence is `then reject`; a route is asked by `{_escalation(slip)}`"
    return None


def _escalation(slip: Slip) -> str:
    name = _DOTTED.match(slip.word + slip.following(100))
    return f"then escalate {name.group() if name else slip.word}"


def permits(slip: Slip) -> str | None:
    """Look for agents without their word or quotes, and for more than one of them."""
    if slip.before == "permit" and slip.word == "to":
        return 'say first who may: `permit agent "..." to ...`, or `permit when ... to ...`'
    if slip.before == "agent" and slip.word in ("==", "=", ":", ".") and slip.accepts("STRING"):
        return 'write `permit agent "..." to ...`'
    if slip.before == "permit" and slip.accepts("AGENT"):
        quoted = slip.word[:1] in ("'", '"')
        if not (quoted or slip.word.isidentifier()) or slip.word.startswith("agent"):
            return None
        name = slip.word if quoted else f'"{dashed(slip)}"'
        return f"write `permit agent {name} to ...`"
    if slip.accepted != frozenset({"TO"}) or slip.before[-1:] not in ("'", '"'):
        return None
    if slip.word in ("on", "for"):
        return "the actions that a permit opens follow `to`"
    if slip.word in (",", "and", "or"):
        return "write a permit for each agent, or `permit when agent.id in [...] to ...`"
    if slip.word in ("when", "if", "unless"):
        return 'a permit names an agent or has a condition: `permit when agent.id == "..." && ...`'
    return None


def dashed(slip: Slip) -> str:
    """Return the word with what dashes join to it: `refund-bot`."""
    rest = _DASHED.match(slip.following())
    return slip.word + (rest.group() if rest else "")


def reasons(slip: Slip) -> str | None:
    """Look for a reason before the effect, in a row, or by another name."""
    if slip.word == "because" and slip.accepts("EXCEPTION_KEY"):
        return 'an exception has its reason as `reason "..."`'
    if slip.word in ("because", "obligate"):
        if slip.accepts("RBRACE") and slip.accepted & {"LESS", "KW_ELSE", "UNDERSCORE"}:
            return f"a row has no `{slip.word}` of its own: it follows the `}}` of the rows"
        if slip.accepts("EXPECT") and slip.word == "because":
            return 'a line of its own expects it: `expect because contains "..."`'
        if slip.accepts("RBRACE") and slip.word == "because":
            return "a row gives the effect alone; `expect because contains` stands in another test"
        if ARROW in slip.accepted:
            return f"`{slip.word}` stands after the effect"
    quotes = slip.preceding(1), slip.following(1)
    if slip.accepts("$END") and slip.word.isidentifier() and quotes in (('"', '"'), ("'", "'")):
        return f"a quote within a text is written `\\{quotes[0]}`"
    if slip.accepts("BECAUSE") and slip.word in _BECAUSE_WORDS:
        return 'the reason is written `because "..."`'
    return None


def routes(slip: Slip) -> str | None:
    """`require a & b`, `require a or b`."""
    if slip.accepts("BECAUSE") and slip.word in ("or", "||", "|"):
        return _EITHER
    if slip.before == "or" and _OR_ROUTE.search(slip.preceding(200)):
        return _EITHER
    if slip.accepts("THEN", "AND") and slip.word in ("&", "&&", "+"):
        return "several routes are joined with `and`"
    two = _TWO_ROUTES.search(slip.preceding(200))
    if two and slip.word in COMPARISONS:
        return f"`{two.group(1)}` is read as the route; several are joined with `and`"
    return None


def ranges(slip: Slip) -> str | None:
    """`50 USD - 200 USD =>`, `50 USD to 200 USD`, `50 USD...200 USD`."""
    dashed_range = slip.word == "=>" and DOTS in slip.accepted and _DASH.search(slip.preceding())
    in_words = slip.word in ("to", "until", "till", "through") and DOTS in slip.accepted
    if dashed_range or in_words or _THREE_DOTS.search(slip.preceding()):
        return "a range is written `..`: `50 USD .. 200 USD`"
    return None


def head(slip: Slip) -> str | None:
    """Look for what stands around the words that open a file or a declaration."""
    before = slip.preceding()
    if slip.before == "import" and slip.word[:1] in ("'", '"'):
        return "an import names a package, not a file: `import acme.people as people`"
    if "$END" in slip.accepted and slip.word == "from" and "import" in slip.following():
        return "a package is imported whole: `import acme.people as people`"
    if slip.word.isidentifier() and _PACKAGE.search(before):
        return "the words of a package's name are joined by points: `package acme.refunds`"
    if _ON_ERROR.search(before) or (slip.word == "on" and _ERROR.match(slip.following())):
        return "it is one word: `on_error`"
    if slip.before in ("default", "on_error") and slip.word == "=>":
        return "no `=>` is needed here"
    if slip.before == "absolute":
        if slip.word == "rule":
            return "only a `guard` can be absolute"
        if slip.accepts("ON") and _GUARD.search(before):
            return "write `absolute guard`, in this order"
    if slip.word in ("for", "of", "to") and ARROW in slip.accepted and slip.accepts("ON"):
        return "the actions follow `on`: `rule large on billing.refund`"
    if slip.word in _ANNOTATIONS and "$END" in slip.accepted and starts_line(slip.span):
        return f"an annotation begins with `@`: `@{slip.word}`"
    if slip.word == "@" and slip.before in DECLARATION_WORDS:
        return "annotations stand before the declaration: `@shadow rule large ...`"
    return None


def line(slip: Slip) -> str | None:
    """Look for a line that stands in the wrong declaration, or in the wrong place of one."""
    if slip.word in ("when", "unless") and slip.accepts("WHERE"):
        return "the condition of a history is written `where`"
    if slip.word in ("when", "unless", "on") and slip.accepts("BECAUSE"):
        return f"`{slip.word}` stands before `=>`"
    if slip.word == "on" and ARROW in slip.accepted and not slip.accepts("ON"):
        return "`on` follows the name: `rule large on billing.refund when ... => ...`"
    if slip.accepts("AGO") and re.fullmatch(r"\d+[a-z]+", slip.word):
        return f"write `ago {slip.word}`"
    if slip.accepted == frozenset({"AGO"}):
        return "say how long before the instant of the test it was: `ago 29d`"
    if slip.accepts("GIVEN") and slip.word in ("when", "if", "with", "where"):
        return "what a test starts from is written `given`"
    if slip.word == "{" and slip.accepts("WHEN", "CASES"):
        return "a rule has no braces of its own; those of `tier`, `cases` or `table` hold rows"
    read_as_name = _NO_NAME.search(slip.preceding())
    if read_as_name and slip.accepts("WHEN"):
        opener, word = read_as_name.groups()
        return f"`{word}` is read as the name: write one after `{opener}`"
    if slip.before == "agent" and slip.accepts("LBRACE") and slip.word[:1] in ("'", '"'):
        return f"write `agent {{ id: {slip.word} }}`"
    if slip.word in _GIVEN_PARTS and slip.accepts("GIVEN"):
        return f"write `given {slip.word} {{ ... }}`"
    if slip.word[:1] not in ("'", '"') and slip.accepted and slip.accepted <= _DATES:
        return "a date is written `2026-12-02`, an instant `2026-12-02T00:00:00Z`"
    if slip.word == "now" and slip.accepts("KW_NOW"):
        return "an instant has no quotes: `now 2026-12-02T00:00:00Z`"
    if slip.before == "action" and slip.accepts("LBRACE") and slip.word.isidentifier():
        return "an action is given by its name alone: `given billing.refund { ... }`"
    if slip.accepts("LBRACE") and _GIVEN.search(slip.preceding(200)):
        return "the fields stand in braces, even where there are none: `{ }`"
    if slip.word == "." and slip.before == "*":
        return "in a pattern, `*` stands last: `billing.*`"
    if slip.before == "require" and slip.word.isdigit():
        return "require a route by its name; the `route` says how many must approve"
    return _missing_word(slip)


def exceptions(slip: Slip) -> str | None:
    """Look for the lines of an exception in other words: `expires`, `for 30d`, `max uses 5`."""
    if not slip.accepts("EXCEPTION_TIME", "EXCEPTION_KEY"):
        return None
    if slip.word in _ENDS:
        return "the end is written `until`"
    if slip.word in ("for", "within", "during", "lasts"):
        return "an exception ends at a date: `until 2026-12-02`"
    if slip.word == "max" and _USES.match(slip.following()):
        return "it is one word: `max_uses`"
    key = _UNQUOTED.search(slip.preceding())
    return f'a text is written in quotes: `{key.group(1)} "..."`' if key else None


def _missing_word(slip: Slip) -> str | None:
    """Look for what a line lacks, or for a word of another language in its place."""
    quoted = slip.word[:1] in ("'", '"')
    if slip.before == "require" and not (quoted or slip.word.isidentifier()):
        return "name the route that must approve: `require <route>`"
    if slip.word == "if" and slip.accepts("WHEN"):
        return "a condition follows `when`"
    if slip.word in ("else", "otherwise") and slip.accepts("BECAUSE"):
        return "an effect has no `else`: the `default` holds where no rule opens"
    if slip.accepted == frozenset({"THEN"}):
        return "say what silence means: `timeout 4h then reject`"
    if slip.word in _BEFORE_A_LENGTH and slip.accepts("DURATION") and not slip.accepts("INT"):
        return f"the length of time follows at once: `{slip.before} 4h`"
    if slip.word == ":" and _HOURS.search(slip.preceding()):
        return 'hours are a text: `hours "09:00-17:30"`'
    if slip.before == "=>" and slip.accepted == frozenset({"INT"}):
        return "a score is a whole number from 1 to 100: `=> 40`"
    if slip.word in ("add", "adds", "score", "scores") and ARROW in slip.accepted:
        return "the score follows `=>`: `=> 40`"
    return None
