"""What people look at before they answer: the card of a round, made from what would be executed.

The card's digest is what an approval binds: the exact plan (by its commitment), the preview with
the target's version, the policy and its decision, and who is asked. Agents' words are marked as
theirs. Nothing secret is in it: the action and the decision come masked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, cast

from gatewright.engine.canonical import digest
from gatewright.engine.runtime.run import Document, Run
from gatewright.engine.values import Duration


def card_digest(
    run: str, number: int, plan: str, action: Document, preview: Document, decision: Document,
    stages: tuple[tuple[str, ...], ...], salt: str,
) -> str:  # fmt: skip
    """Return the digest that an approval of this round has to name.

    `salt` is that of the plan: once it is erased, nobody can guess what the card showed.
    """
    return digest(
        {
            "salt": salt, "run": run,
            "round": number, "plan": plan, "action": action, "preview": preview,
            "decision": decision["id"], "policy": decision["policy_digest"],
            "effect": decision["effect"], "rules": decision["rules"],
            "suspended": decision["suspended"], "facts": decision["facts"],
            "stages": [list(stage) for stage in stages],
        }
    )  # fmt: skip


def card_document(run: Run) -> Document:
    """Return the card as JSON. The conditions of rules have the values that they saw, masked."""
    round_ = run.round
    preview, decision, action = round_.preview, round_.decision, round_.action
    return {
        "run": run.id,
        "round": round_.number,
        "state": run.state.value,
        "card": round_.card,
        "action": action["action"],
        "target": preview["target"],
        "version": preview["version"],
        "summary": preview["summary"],
        "fields": preview["fields"],
        "params": action.get("params", {}),
        "agent": {
            "id": run.agent,
            "owner": run.owner,
            "says": action.get("context", {}).get("reasoning"),
            "trigger": action.get("context", {}).get("trigger"),
            "evidence": action.get("context", {}).get("evidence", []),
            "confidence": action.get("context", {}).get("confidence"),
        },
        "requester": run.requester,
        "editor": next((one.editor for one in reversed(run.rounds) if one.editor), None),
        "reasons": [
            {"by": one.by, "text": one.text} for one in run.remarks if one.kind == "reason"
        ],
        "effect": decision["effect"],
        "because": decision["because"],
        "rules": _rules(decision, "matched", "error"),
        "suspended": [
            {**rule, "exceptions": _exceptions(decision, rule)}
            for rule in _rules(decision, "suspended")
        ],
        "facts": decision.get("facts", {"history": []})["history"],
        "errors": decision["errors"],
        "risk": decision["risk"],
        "risk_parts": [
            {key: part[key] for key in ("name", "package", "score", "because", "conditions", "at")}
            for part in decision["risk_parts"]
        ],
        "policy": round_.policy,
        "stages": [list(stage) for stage in round_.stages],
        "undo": preview["undo"],
    }


def _rules(decision: Document, *statuses: str) -> list[Document]:
    return [
        {
            key: rule[key]
            for key in ("name", "package", "kind", "effect", "because", "conditions", "at")
        }
        for rule in decision["rules"]
        if rule["status"] in statuses
    ]


def _exceptions(decision: Document, rule: Document) -> list[Document]:
    """Return what suspended a rule; nothing where an older Gatewright decided."""
    return [
        {key: one[key] for key in ("exception", "until", "owner", "reason", "ticket", "at")}
        for one in decision.get("suspended", [])
        if (one["package"], one["rule"]) == (rule["package"], rule["name"])
    ]


def card_text(run: Run) -> str:
    """Return the card for a terminal. What others wrote is on one line, with escapes."""
    return "\n".join(card_lines(run))


def card_lines(run: Run) -> Iterator[str]:
    """Give the lines of the card."""
    card = card_document(run)
    target = card["target"]
    place = f"{shown(target['system'])}.{shown(target['object'])} {shown(target['id'])}"
    yield f"{shown(card['action'])} on {place}"
    yield f"  {shown(card['summary'])}"
    yield ""
    yield from _fields(card["fields"])
    params = cast("dict[str, Any]", card["params"])
    if params:
        yield "with  " + ", ".join(
            f"{shown(name)}: {shown(value)}" for name, value in params.items()
        )
    agent = card["agent"]
    yield f"by    {shown_id(agent['id'])}" + (
        f", owned by {shown(agent['owner'])}" if agent["owner"] else ""
    )
    if card["requester"] not in (None, agent["id"]):
        yield f"      brought by {shown(card['requester'])}"
    if card["editor"] not in (None, agent["id"], card["requester"]):
        yield f"      changed by {shown(card['editor'])}"
    for reason in card["reasons"]:
        yield f"      {shown(reason['by'])} says: {shown(reason['text'])}"
    if agent["says"]:
        confidence = "" if agent["confidence"] is None else f" (confidence {agent['confidence']})"
        yield f"      the agent says{confidence}: {shown(agent['says'])}"
    if agent["trigger"]:
        yield f"      what set it off: {shown(agent['trigger'])}"
    for item in agent["evidence"]:
        yield f"      the agent points to: {shown(item)}"
    yield f"why   {card['effect'].replace('_', ' ')}"
    for reason in card["because"]:
        yield f"      {shown(reason)}"
    for rule in card["rules"]:
        yield f"      {_placed(rule)}: {rule['effect']}"
    for rule in card["suspended"]:
        yield f"      {_placed(rule)}: suspended {_by(rule['exceptions'])}, else {rule['effect']}"
    for number, fact in enumerate(card["facts"]):
        yield f"{'     ' if number else 'past '} {_fact(fact)}"
    for source, message in dict.fromkeys((e["source"], e["message"]) for e in card["errors"]):
        yield f"wrong {shown(source)}: {shown(message)}"
    yield f"risk  {card['risk']} of 100"
    for part in card["risk_parts"]:
        reason = f": {shown(part['because'])}" if part["because"] else ""
        yield f"      {part['score']} for {part['name']}{reason}"
    yield f"undo  {shown(card['undo'] or 'this cannot be taken back')}"
    yield f"card  {card['card']}"


def _placed(rule: Document) -> str:
    told = " ".join(filter(None, (rule["kind"], rule["name"])))  # a default has no name
    return f"{told} ({shown(rule['at']['file'])}:{rule['at']['line']})"


def _by(exceptions: list[Document]) -> str:
    return " and ".join(map(_exception, exceptions)) or "by an exception"


def _exception(one: Document) -> str:
    because = f" because {shown(one['reason'])}" if one["reason"] else ""
    named = [f"{name} {shown(one[name])}" for name in ("owner", "ticket") if one[name]]
    whose = f" ({', '.join(named)})" if named else ""
    return f"by exception {one['exception']} until {one['until']}{because}{whose}"


def suspensions(run: Run) -> Iterator[str]:
    """Give a line for each exception that a run was decided by."""
    for rule in card_document(run)["suspended"]:
        for one in rule["exceptions"]:
            who = f"{rule['kind']} {rule['name']}"
            yield f"exception {one['exception']} suspends {who} until {one['until']}"


def _fact(fact: Document) -> str:
    """Return a question to a history, as policies write it, and what it was answered."""
    arguments = [shown(fact["field"])] if "field" in fact else []
    arguments += [f"{shown(name)}: {shown(key)}" for name, key in fact["keys"].items()]
    if "within" in fact:
        arguments.append(f"within: {Duration.parse(fact['within']).literal}")
    history = shown(fact["history"].rpartition(".")[2])
    if fact["method"] == "agreement":
        return f"agreement({', '.join([history, *arguments])}): {_answer(fact)}"
    return f"{history}.{fact['method']}({', '.join(arguments)}): {_answer(fact)}"


def _answer(fact: Document) -> str:
    if "error" in fact:
        return f"not known, {shown(fact['error']['message'])}"
    answer = fact["answer"]
    if isinstance(answer, dict):
        event = cast("Document", answer)
        parts = {name: shown(event[name]) for name in ("id", "status", "at") if name in event}
        if "." in parts.get("at", ""):  # to the second, as people read it
            parts["at"] = f"{parts['at'].partition('.')[0]}Z"
        return ", ".join(parts.values())
    return shown(answer)


def _fields(fields: list[dict[str, Any]]) -> Iterator[str]:
    width = max((len(field["field"]) for field in fields), default=0)
    for field in fields:
        yield f"  {shown(field['field']):<{width}}  {shown(field['old'])} -> {shown(field['new'])}"
    if not fields:
        yield "  no field changes"


def shown(value: object) -> str:
    """Return a value on one line, as in an action; control characters are visible as escapes."""
    if value is None:
        return "(nothing)"
    if isinstance(value, bool | list | tuple | dict):
        text = json.dumps(value, ensure_ascii=False, default=str)
    else:
        text = str(value)
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shown_id(value: str | None) -> str:
    """Return an id, or that there is none."""
    return "somebody without an id" if value is None else shown(value)
